"""msgraph-sdk's request adapter, set up so that each concern has one owner.

The SDK builds requests, adds the token (continuous access evaluation included) and follows redirects. Its retry handler is
left out, because it retries without knowing a step's budget: :class:`connector.graph.session.GraphSession` retries.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connector.graph.tokens import graph_scope
from connector.settings import Settings

if TYPE_CHECKING:
    import httpx
    from azure.core.credentials_async import AsyncTokenCredential
    from msgraph.graph_request_adapter import GraphRequestAdapter

_CONNECTIONS = 16  # at once; with HTTP/2 one carries them all, a proxy that speaks HTTP/1.1 needs several


def open_client(trusted: ssl.SSLContext) -> httpx.AsyncClient:
    """An HTTP client with the SDK's middleware but for its retry handler."""
    import httpx
    from kiota_http.middleware import RedirectHandler, UserAgentHandler
    from msgraph.graph_request_adapter import options
    from msgraph_core import GraphClientFactory
    from msgraph_core.middleware import GraphTelemetryHandler
    from msgraph_core.middleware.options import GraphTelemetryHandlerOption

    client = httpx.AsyncClient(
        http2=True,
        verify=trusted,
        # Seconds. Graph itself gives a request up after some 100 s; a page of 999 users takes under 3.
        timeout=httpx.Timeout(100, connect=15, pool=100),
        limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
    )
    telemetry = options[GraphTelemetryHandlerOption.get_key()]
    GraphClientFactory.create_with_custom_middleware(
        [
            RedirectHandler(),
            UserAgentHandler(),
            GraphTelemetryHandler(telemetry),
        ],
        client=client,
    )
    return client


def open_adapter(
    settings: Settings, credential: AsyncTokenCredential, client: httpx.AsyncClient
) -> GraphRequestAdapter:
    """The SDK's adapter for ``v1.0`` of the configured endpoint. Its token goes to that host only."""
    from kiota_authentication_azure.azure_identity_authentication_provider import (
        AzureIdentityAuthenticationProvider,
    )
    from msgraph.graph_request_adapter import GraphRequestAdapter

    host = urlsplit(settings.graph_endpoint).hostname or ""
    adapter = GraphRequestAdapter(
        AzureIdentityAuthenticationProvider(credential, scopes=[graph_scope(settings)], allowed_hosts=[host]),
        client=client,
    )
    adapter.base_url = f"{settings.graph_endpoint}/v1.0"
    return adapter
