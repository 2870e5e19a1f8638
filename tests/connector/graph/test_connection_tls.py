"""Graph is spoken to in HTTP/2 where it can, and Microsoft's SDKs, which cannot, never offer it."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace

from aiohttp import web

from connector.graph.session import GraphSession


async def empty(_: web.Request) -> web.Response:
    return web.json_response({"value": []})


def test_signing_in_again_after_graph_was_asked_offers_no_other_protocol(cloud, authority):
    """The sign-in endpoint would speak HTTP/2 to whoever offers it."""

    async def run() -> str | None:
        chosen: list[str | None] = []

        async def sign_in(request: web.Request) -> web.Response:
            assert request.transport is not None
            chosen.append(request.transport.get_extra_info("ssl_object").selected_alpn_protocol())
            return web.json_response({"token_type": "Bearer", "expires_in": 3599, "access_token": "a-token"})

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", sign_in)
        runner = web.AppRunner(app, keepalive_timeout=0)
        await runner.setup()
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.set_alpn_protocols(["h2", "http/1.1"])
        authority.issue_cert("127.0.0.1").configure_cert(tls)
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        async with cloud(empty) as it:
            settings = replace(it.settings, authority=f"https://127.0.0.1:{runner.addresses[0][1]}")
            async with GraphSession(settings) as session:
                await session.get(f"{it.base}/users")
                await session.renew_token(session.token_number)
        await runner.cleanup()
        assert len(chosen) == 2
        return chosen[-1]

    assert asyncio.run(run()) != "h2"
