"""The tenant as anybody sees it, without signing in; and how far this machine's clock is from Microsoft's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connector.credentials.aadsts import number
from connector.health.findings import Finding, failed, ok, skipped, warning
from connector.health.web import browsing, reason
from connector.settings import Settings

if TYPE_CHECKING:
    import httpx

_TOLERATED = timedelta(minutes=5)
"""By how much Microsoft Entra ID lets the times of assertions and tokens be off: its usual clock skew."""
_NOTABLE = timedelta(minutes=1)


async def look_at_tenant(settings: Settings, clock: Callable[[], datetime]) -> list[Finding]:
    """Whether the cloud knows the tenant, and whether the clock is right.

    Args:
        clock: the time of this machine, with its zone.
    """
    import httpx

    host = urlsplit(settings.authority).netloc
    url = f"{settings.authority}/{settings.tenant_id}/v2.0/.well-known/openid-configuration"
    try:
        async with browsing(settings) as client:
            asked = clock()
            answer = await client.get(url)
            answered = clock()
    except httpx.HTTPError as error:
        unreachable = failed(
            "tenant",
            f"Microsoft Entra ID at {host} cannot be reached: {reason(error)}.",
            "Check the network, the proxy, ENTRA_CLOUD and ENTRA_AUTHORITY; TLS_CA_FILE where a proxy inspects TLS; and this machine's clock "
            "where a certificate is said to be over or not yet valid.",
        )
        return [unreachable, skipped("clock", "There is no other clock to compare with.")]
    return [_tenant(settings, host, answer), _clock(answer.headers.get("date", ""), asked, answered)]


def _tenant(settings: Settings, host: str, answer: httpx.Response) -> Finding:
    if answer.is_success:
        return ok("tenant", f"{host} knows the tenant {settings.tenant_id}.")
    code = number(answer.text)
    said = f"AADSTS{code}" if code else f"status {answer.status_code}"
    return failed(
        "tenant",
        f"{host} does not know the tenant {settings.tenant_id} ({said}).",
        "Check ENTRA_TENANT_ID (Entra admin center > Overview), and that ENTRA_CLOUD is the cloud that it lives in.",
    )


def _clock(date: str, asked: datetime, answered: datetime) -> Finding:
    """Whole seconds are all that a Date header tells; what the answer took counts for neither side."""
    try:
        theirs = parsedate_to_datetime(date)
    except ValueError:
        return skipped("clock", "Microsoft's answer does not say what time it is.")
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    ahead, behind = asked - (theirs + timedelta(seconds=1)), theirs - answered
    off = max(ahead, behind)
    if off < _NOTABLE:
        return ok("clock", "This machine's clock is right.")
    direction = "ahead of" if ahead > behind else "behind"
    found = f"This machine's clock is {off.total_seconds():,.0f} s {direction} Microsoft's."
    remedy = "Set it by a time server (NTP): sign-in with a certificate or a federated token, and links for consent, fail beyond 5 minutes."
    return (failed if off >= _TOLERATED else warning)("clock", found, remedy)
