"""One connection signs in for all who use it, as whoever it is told to."""

from __future__ import annotations

import asyncio
import ssl

from aiohttp import web

from connector.credentials import SignIn, open_credential
from connector.graph.connection import GraphConnection
from connector.settings import Settings


async def empty(_: web.Request) -> web.Response:
    return web.json_response({"value": []})


def test_it_signs_in_as_whoever_it_is_opened_with(cloud) -> None:
    """An administrator, where the connector is set up in a tenant."""

    async def run() -> None:
        opened: list[SignIn] = []

        def opening(settings: Settings, trusted: ssl.SSLContext) -> SignIn:
            opened.append(open_credential(settings, trusted))
            return opened[-1]

        async with cloud(empty) as it, GraphConnection(it.settings, opening=opening) as connection:
            assert connection.credential is opened[0]

    asyncio.run(run())
