"""Plain HTTP requests to look at what anybody can see: the sign-in endpoint, and our own public address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from connector.credentials.tls import trust
from connector.settings import Settings

if TYPE_CHECKING:
    import httpx

_TIMEOUT_S = 10.0
"""What Graph gives the notification address to answer a handshake, and more than anything else that is looked at takes.
https://learn.microsoft.com/graph/change-notifications-delivery-webhooks#notificationurl-validation"""


@asynccontextmanager
async def browsing(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client that trusts what the connector trusts and follows no redirects, while the context lasts."""
    import httpx

    async with httpx.AsyncClient(verify=trust(settings.ca_file), timeout=_TIMEOUT_S) as client:
        yield client


def reason(error: Exception) -> str:
    """Why there was no answer, in a few words; what httpx says holds the host at most."""
    return str(error) or type(error).__name__
