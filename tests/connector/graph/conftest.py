"""A cloud that says exactly what a test tells it to: a sign-in endpoint and a Graph whose answers are scripted."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import trustme
from aiohttp import web

from connector.settings import Settings

TENANT = "0785ef7c-2d7a-4542-b048-95bcab406e0b"
SECRET = "the-secret-that-nobody-may-see"


def token() -> web.Response:
    return web.json_response({"token_type": "Bearer", "expires_in": 3599, "access_token": "a-token"})


@dataclass
class Cloud:
    """``graph`` answers every request to Graph, ``sign_in`` every request for a token."""

    graph: Callable[[web.Request], Awaitable[web.Response]]
    sign_in: Callable[[], web.Response] = token
    settings: Settings = field(init=False)
    asked: list[str] = field(default_factory=list)
    request_ids: list[str] = field(default_factory=list)
    tokens: int = 0

    @property
    def base(self) -> str:
        return f"{self.settings.graph_endpoint}/v1.0"

    async def _answer(self, request: web.Request) -> web.Response:
        if request.path.endswith("/oauth2/v2.0/token"):
            self.tokens += 1
            return self.sign_in()
        self.asked.append(request.path_qs.removeprefix("/v1.0"))
        self.request_ids.append(request.headers["client-request-id"])
        assert request.headers["Authorization"] == "Bearer a-token"
        return await self.graph(request)


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture
def cloud(authority, tmp_path):
    """``async with cloud(graph) as it``: ``it.settings`` lead there, ``it.asked`` tells what was asked."""
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))

    @asynccontextmanager
    async def open_cloud(graph, **options):
        it = Cloud(graph, **options)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", it._answer)
        runner = web.AppRunner(app)
        await runner.setup()
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(tls)
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        address = f"https://127.0.0.1:{runner.addresses[0][1]}"
        it.settings = Settings.load(
            {
                "ENTRA_TENANT_ID": TENANT,
                "ENTRA_CLIENT_ID": "11111111-2222-3333-4444-555555555555",
                "ENTRA_CLIENT_SECRET": SECRET,
                "ENTRA_AUTHORITY": address,
                "GRAPH_ENDPOINT": address,
                "TLS_CA_FILE": str(ca_file),
                "AzureWebJobsStorage": "unused",
            }
        )
        try:
            yield it
        finally:
            await runner.cleanup()

    return open_cloud
