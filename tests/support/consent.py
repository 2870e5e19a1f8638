"""A deployment at which consent can be given, as settings; and who brings back what."""

from __future__ import annotations

from datetime import UTC, datetime

from connector.consent.browsers import new_secret, set_cookie
from connector.consent.states import States

TENANT = "0785ef7c-2d7a-4542-b048-95bcab406e0b"
CLIENT = "7a1c5a52-6d3c-4f0e-9a35-0c7f1e6f2b11"
KEY = "0123456789abcdef0123456789abcdef"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NOWHERE = "leads to no storage"
"""A connection string that is none: whoever opens storage fails at once."""


def environment(**changed: str) -> dict[str, str]:
    """Settings of a deployment at which consent can be given, but for what is ``changed``."""
    return {
        "ENTRA_TENANT_ID": TENANT,
        "ENTRA_CLIENT_ID": CLIENT,
        "ENTRA_CLIENT_SECRET": "a secret that no page shows",
        "CONNECT_STATE_KEY": KEY,
        "NOTIFICATION_URL": "https://contoso-entra.azurewebsites.net",
        "AzureWebJobsStorage": NOWHERE,
        **changed,
    }


def brought(
    begun: datetime, *, tenant: str = TENANT, url: str = "https://contoso-entra.azurewebsites.net"
) -> tuple[dict[str, str], str]:
    """What a browser that began at ``begun`` brings back when consent was given: parameters, and the ``Cookie`` header."""
    secret = new_secret()
    state = States(KEY, tenant).sign(secret, begun)
    params = {
        "admin_consent": "True",
        "tenant": tenant,
        "scope": "https://graph.microsoft.com/.default",
        "state": state,
    }
    return params, set_cookie(secret, url).partition(";")[0]
