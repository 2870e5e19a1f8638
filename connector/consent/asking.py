"""Where an administrator is sent to give consent, and what must be set up for that."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from connector.settings import Auth, Settings

START = "/api/connect"
"""Path of the page that sends an administrator to Microsoft Entra ID."""
CALLBACK = "/api/connect/callback"
"""Path of the page that they come back to: a redirect URI of the app registration, to the letter."""


def not_set_up(settings: Settings) -> list[str]:
    """A sentence for each thing that is missing for consent to be given this way; none where it can be."""
    if settings.auth is Auth.MANAGED_IDENTITY:
        return [
            (
                "The connector signs in as a managed identity, to which nobody consents: its permissions are assigned. "
                "`python -m connector permissions` gives the commands."
            )
        ]
    missing = []
    if not settings.client_id:
        missing.append("Set `ENTRA_CLIENT_ID` to the application (client) id of the app registration.")
    if not settings.connect_state_key:
        missing.append(
            "Set `CONNECT_STATE_KEY` to 32 random characters or more, such as `openssl rand -base64 33` gives. Where it refers to Key "
            "Vault, see whether the Function App could follow it (Environment variables)."
        )
    if not settings.notification_url:
        missing.append(
            "Set `NOTIFICATION_URL` to the public address of this app, and add that address with "
            f"`{CALLBACK}` behind it to the redirect URIs of the app registration."
        )
    return missing


def is_served(tenant: str | None, settings: Settings) -> bool:
    """Whether ``tenant``, as a caller names it, is the one that this deployment serves. A caller may leave it out."""
    return tenant is None or tenant.strip().lower() == settings.tenant_id


def consent_url(settings: Settings, scope: str, state: str) -> str:
    """The page on which an administrator of the tenant gives consent to all that the app registration lists.

    https://learn.microsoft.com/entra/identity-platform/v2-admin-consent

    Args:
        scope: that of the cloud's Microsoft Graph, ``…/.default``: the only one that covers application permissions.
    """
    asked = {
        "client_id": settings.client_id,
        "scope": scope,
        "redirect_uri": settings.notification_url + CALLBACK,
        "state": state,
    }
    return f"{settings.authority}/{settings.tenant_id}/v2.0/adminconsent?{urlencode(asked, quote_via=quote)}"
