"""The public address, from outside in: the handshake that Graph makes before it sends notifications there."""

from __future__ import annotations

import secrets

from connector.health.findings import Finding, failed, ok, skipped
from connector.health.web import browsing, reason
from connector.settings import Settings
from connector.subscriptions.wanted import CHANGES_PATH

_REMEDY = (
    "Check NOTIFICATION_URL, that the app runs, and that its network lets Microsoft Graph in: access restrictions, a private endpoint, an ingress, "
    "App Service authentication on that path. Or leave NOTIFICATION_URL empty: changes are then found by asking."
)


async def look_at_address(settings: Settings) -> list[Finding]:
    """Shake hands as Graph does. From where this runs: what lets this machine in need not let Graph in."""
    if not settings.notification_url:
        return [skipped("notification_address", "NOTIFICATION_URL is not set.")]
    import httpx

    token = f"Validation: a check of the connector {secrets.token_hex(8)}"
    url = f"{settings.notification_url}{CHANGES_PATH}"
    try:
        async with browsing(settings) as client:
            answer = await client.post(url, params={"validationToken": token})
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:  # the last: a name that no domain can have
        return [
            failed("notification_address", f"{settings.notification_url} cannot be reached: {reason(error)}.", _REMEDY)
        ]
    if not answer.is_success or answer.text != token:
        found = f"{url} does not shake hands as Graph wants it: it answers {answer.status_code}."
        return [failed("notification_address", found, _REMEDY)]
    return [ok("notification_address", f"{settings.notification_url} shakes hands.")]
