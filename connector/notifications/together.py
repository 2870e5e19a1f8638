"""Many who ask for the same at once are answered by one message."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Together(Generic[T]):
    """Sends what was asked for while the message before was on its way as one message.

    Nobody is told that something was sent before a message that was begun after they had asked has been stored, so nothing is
    lost, whoever takes the message and however soon. And no more than one message is on its way, however many come.

    Args:
        send: sends one message for all of them.
        patience: seconds that it may take.
    """

    def __init__(self, send: Callable[[Sequence[T]], Awaitable[None]], *, patience: float) -> None:
        self._send = send
        self._patience = patience
        self._waiting: list[T] = []
        self._sent: asyncio.Future[None] | None = None
        self._running: asyncio.Task[None] | None = None

    async def ask(self, what: T) -> None:
        """Have ``what`` sent; returns when it was.

        Raises:
            TimeoutError: it was not in time; it may be yet.
            Exception: what ``send`` raised.
        """
        self._waiting.append(what)
        if self._sent is None:
            self._sent = asyncio.get_running_loop().create_future()
            self._sent.add_done_callback(_heard)
        sent = self._sent
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        async with asyncio.timeout(self._patience):
            await asyncio.shield(sent)

    async def _run(self) -> None:
        try:
            while self._sent is not None:
                sent, waiting = self._sent, self._waiting
                self._sent, self._waiting = None, []
                try:
                    async with asyncio.timeout(self._patience):
                        await self._send(waiting)
                    sent.set_result(None)
                except Exception as error:
                    sent.set_exception(error)
        finally:
            self._running = None


def _heard(sent: asyncio.Future[None]) -> None:
    """A failure of which nobody waited to be told is no news for the event loop."""
    if not sent.cancelled():
        sent.exception()
