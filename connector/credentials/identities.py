"""Credentials of azure-identity, made in one way: which authority, which connections, how often they try."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connector.credentials.transport import RETRIES, TIMEOUTS
from connector.settings import Settings
from connector.settings.clouds import ENDPOINTS

if TYPE_CHECKING:
    from azure.core.credentials import AccessTokenInfo, TokenRequestOptions
    from azure.core.credentials_async import AsyncSupportsTokenInfo
    from azure.core.pipeline.transport import AioHttpTransport, RequestsTransport

_OTHER_NAMES = frozenset({"login.microsoft.com", "login.windows.net", "login.chinacloudapi.cn"})
_AUTHORITIES = _OTHER_NAMES | {urlsplit(each.authority).hostname for each in ENDPOINTS.values()}


def entra_options(settings: Settings, transport: AioHttpTransport | RequestsTransport) -> dict[str, Any]:
    """What every credential that asks Entra ID itself is made with."""
    return {
        "authority": settings.authority,
        # Only what is not Microsoft's, such as an emulator, may go without being looked up in Microsoft's list of authorities.
        "disable_instance_discovery": urlsplit(settings.authority).hostname not in _AUTHORITIES,
        "transport": transport,
        **TIMEOUTS,
        **RETRIES,
    }


def managed_identity(client_id: str, transport: AioHttpTransport) -> AsyncSupportsTokenInfo:
    """The managed identity ``client_id`` (empty: the system-assigned one) of whatever of Azure this runs on."""
    from azure.identity.aio import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=client_id or None, transport=transport)


class Federated:
    """Signs in as an application with a token of another identity as the assertion, fetched each time that one is needed."""

    def __init__(
        self, tenant_id: str, client_id: str, assertion: Callable[[], Awaitable[str]], options: dict[str, Any]
    ) -> None:
        """``assertion`` fetches the other token; ``options`` are those of :func:`entra_options`."""
        from azure.identity.aio import ClientAssertionCredential

        self._fetch = assertion
        self._assertion = ""
        self._inner = ClientAssertionCredential(tenant_id, client_id, lambda: self._assertion, **options)

    async def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        """A token for ``scopes``. Raises what fetching the assertion raises, and what azure-identity does."""
        self._assertion = await self._fetch()
        return await self._inner.get_token_info(*scopes, options=options)

    async def close(self) -> None:
        """Close its connections."""
        await self._inner.close()

    async def __aenter__(self) -> Federated:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
