"""A web server on a port of this machine, in a thread with its own event loop."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable

from aiohttp import web

HOST = "127.0.0.1"
_LONGEST_LINE = 64 * 1024  # delta tokens carry every id of their filter
_LARGEST_BODY = 16 * 1024 * 1024
_START_SECONDS = 30
_TURNS_TO_CLOSE = 5  # of the event loop, from the abort of a TLS connection to the release of its socket: two or three


async def _nothing() -> None:
    return


class LocalServer:
    """Serves on :data:`HOST`. Start and stop it once.

    Args:
        handle: answers one request.
        tls: what makes it HTTPS; None for HTTP.
        port: 0 for one that the system chooses.
        name: of its thread.
        opened: awaited in the loop once it listens.
        closing: awaited in the loop before it closes.
    """

    def __init__(
        self,
        handle: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        *,
        tls: ssl.SSLContext | None,
        port: int,
        name: str,
        opened: Callable[[], Awaitable[None]] = _nothing,
        closing: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        self._handle = handle
        self._tls = tls
        self._wanted_port = port
        self._opened = opened
        self._closing = closing
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._runner: web.ServerRunner | None = None
        self.port = 0

    def start(self) -> None:
        """Start listening.

        Raises:
            OSError: when the port is taken.
        """
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(_START_SECONDS)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Close every connection and end the thread."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(_START_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def root(self) -> str:
        """``https://localhost:port``, or ``http://…``."""
        return f"{'https' if self._tls else 'http'}://localhost:{self.port}"

    async def _listen(self) -> None:
        self._server = web.Server(self._handle, max_line_size=_LONGEST_LINE, max_field_size=_LONGEST_LINE)
        self._runner = web.ServerRunner(self._server, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._wanted_port, ssl_context=self._tls)
        await site.start()
        self.port = int(self._runner.addresses[0][1])
        await self._opened()

    async def _close(self) -> None:
        await self._closing()
        if self._runner is None:
            return
        open_still = [handler.transport for handler in self._server.connections if handler.transport is not None]
        await self._runner.cleanup()
        for transport in open_still:  # a polite TLS close waits for clients that may be gone
            transport.abort()
        for _ in range(_TURNS_TO_CLOSE):
            await asyncio.sleep(0)


async def body_of(request: web.BaseRequest) -> bytes | None:
    """The body, or None when it is too large."""
    parts: list[bytes] = []
    size = 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > _LARGEST_BODY:
            return None
        parts.append(part)
    return b"".join(parts)


def headers_of(request: web.BaseRequest) -> dict[str, str]:
    """The headers, names in lower case."""
    return {name.lower(): value for name, value in request.headers.items()}
