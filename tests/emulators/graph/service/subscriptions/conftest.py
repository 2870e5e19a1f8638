"""An endpoint that is notified, behind a real port, and a client that subscribes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Self

import pytest
from aiohttp import web


class Receiver:
    """Answers the handshake and remembers what is posted. ``answer`` and ``handshake`` may be replaced."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.queries: list[dict[str, str]] = []
        self.answer: Callable[[], int] = lambda: 202
        self.handshake: Callable[[str], web.Response] = lambda token: web.Response(text=token)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(30)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def items(self) -> list[dict[str, Any]]:
        """Every notification, in the order of arrival."""
        return [item for body in self.bodies for item in body["value"]]

    @property
    def ids(self) -> list[str]:
        """What changed, in the order of arrival."""
        return [item["resourceData"]["id"] for item in self.items]

    async def _start(self) -> None:
        self._runner = web.ServerRunner(web.Server(self._handle))
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/notify"

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        self.queries.append(dict(request.query))
        if "validationToken" in request.query:
            assert request.headers["Content-Type"] == "text/plain; charset=utf-8"
            return self.handshake(request.query["validationToken"])
        body = await request.json()
        status = self.answer()
        if 200 <= status < 300:
            self.bodies.append(body)
        return web.Response(status=status)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An endpoint that wants to be notified and always accepts."""
    with Receiver() as running:
        yield running


@pytest.fixture
def body(graph: Any, receiver: Receiver) -> Callable[..., dict[str, Any]]:
    """The body of a subscription to users, for an hour; further properties win."""

    def made(**more: Any) -> dict[str, Any]:
        minutes = more.pop("minutes", 60)
        until = graph.emulator.clock.utc() + timedelta(minutes=minutes)
        plain = {"changeType": "updated,deleted", "resource": "users", "clientState": "secret"}
        return plain | {"notificationUrl": receiver.url, "expirationDateTime": until.isoformat()} | more

    return made


@pytest.fixture
def subscribe(graph: Any, body: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Makes a subscription and returns it as Graph shows it."""
    graph.emulator.clock.stop()

    def subscribed(**more: Any) -> dict[str, Any]:
        response = graph.send("/subscriptions", "POST", json=body(**more))
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    return subscribed


@pytest.fixture
def arrived(graph: Any) -> Callable[..., None]:
    """Lets time pass on the emulator's clock, then waits until everything that is due is delivered."""

    def wait(seconds: float = 0) -> None:
        graph.emulator.clock.advance(seconds)
        graph.emulator.notifications.drain()

    return wait
