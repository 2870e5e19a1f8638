"""A public address of the connector on this machine: its notification endpoint behind a real port, without a Functions host."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Self

from aiohttp import web

from connector.notifications.service import Receiver, Refused, Unavailable, answer_to
from connector.settings import Settings


class PublicAddress:
    """Answers as the function does. ``before`` is called for every body first and may answer with a status of its own."""

    def __init__(self) -> None:
        self.settings: Settings | None = None
        self.before: Callable[[], int | None] = lambda: None
        self.refuses_handshakes = False
        self.counts: list[dict[str, int]] = []
        self._receiver = Receiver()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(30)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def genuine(self) -> int:
        """How many genuine notifications of changes have come."""
        return sum(count["genuine"] - count["lifecycle"] for count in self.counts)

    async def _start(self) -> None:
        self._runner = web.ServerRunner(web.Server(self._handle))
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _stop(self) -> None:
        await self._runner.cleanup()
        await self._receiver.close()

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        token = request.query.get("validationToken")
        if token is not None:
            return web.Response(status=404) if self.refuses_handshakes else web.Response(text=answer_to(token))
        own = self.before()
        if own is not None:
            return web.Response(status=own)
        assert self.settings is not None
        try:
            received = await self._receiver.receive(self.settings, request.content_type, await request.read())
        except (Refused, Unavailable) as error:
            return web.Response(status=error.status if isinstance(error, Refused) else 503)
        self.counts.append({name: getattr(received, name) for name in type(received).__slots__})
        return web.Response(status=202)
