"""How requests of Microsoft's SDKs travel: over connections that trust what the settings say."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.core.pipeline.transport import AioHttpTransport, RequestsTransport

TIMEOUTS: dict[str, Any] = {"connection_timeout": 10, "read_timeout": 30}
"""Seconds for connecting, and for each answer of sign-in and of Key Vault. Both answer within one."""
RETRIES: dict[str, Any] = {"retry_total": 3, "retry_backoff_factor": 0.5}
"""Three times more, after 0, 1 and 2 seconds: what is short is survived, what is long is told."""


def open_transport(trusted: ssl.SSLContext, *, proxies: bool = True, **options: Any) -> AioHttpTransport:
    """A transport with connections of its own, which whoever opens it closes. Must be called inside a running event loop.

    Args:
        trusted: the certificate authorities to trust.
        proxies: whether HTTPS_PROXY and its like are obeyed. The platform's own endpoint of identities is never behind one.
        options: further options of the transport, such as timeouts in seconds.
    """
    from aiohttp import ClientSession, DummyCookieJar, TCPConnector
    from azure.core.pipeline.transport import AioHttpTransport

    http = ClientSession(
        connector=TCPConnector(ssl=trusted), cookie_jar=DummyCookieJar(), trust_env=proxies, auto_decompress=False
    )
    return AioHttpTransport(session=http, use_env_settings=proxies, **options)


def requests_transport(trusted: ssl.SSLContext) -> RequestsTransport:
    """The same for what of the SDKs does not run in an event loop: signing people in."""
    from azure.core.pipeline.transport import RequestsTransport
    from requests import Session
    from requests.adapters import HTTPAdapter

    class Trusting(HTTPAdapter):
        """Connections that trust ``trusted``."""

        def init_poolmanager(self, *args: Any, **kwargs: Any) -> Any:
            """As the base class does."""
            return super().init_poolmanager(*args, **kwargs, ssl_context=trusted)

        def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
            """As the base class does."""
            return super().proxy_manager_for(*args, **kwargs, ssl_context=trusted)

    session = Session()
    session.mount("https://", Trusting())
    return RequestsTransport(session=session)
