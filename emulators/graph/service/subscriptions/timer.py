"""Waiting on the emulator's clock, which tests move forward, on the server's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from emulators.graph.service.clock import Clock

_T = TypeVar("_T")


class Timer:
    """Waits for moments of ``clock``. All but :meth:`wake` is used on one event loop."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: set[asyncio.Future[None]] = set()

    def start(self) -> None:
        """Belong to the running event loop."""
        self._loop = asyncio.get_running_loop()
        self.clock.listen(self.wake)

    def stop(self) -> None:
        """Listen to the clock no longer."""
        self.clock.unlisten(self.wake)
        self._loop = None

    def wake(self) -> None:
        """Let everything that waits look at the clock again; from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake)

    async def pause(self, moment: float | None) -> None:
        """Wait until ``moment`` (seconds since 1970), or until :meth:`wake`; without a moment until then only."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            left = None if moment is None or self.clock.stopped else max(0.0, moment - self.clock.now())
            # Not wait_for: until Python 3.12 it forgets a cancellation that comes together with what it waits for.
            await asyncio.wait({waiter}, timeout=left)
        finally:
            self._waiting.discard(waiter)

    async def within(self, seconds: float, work: Coroutine[Any, Any, _T]) -> _T:
        """What ``work`` gives, unless it takes longer.

        Raises:
            TimeoutError: it did; it is cancelled.
        """
        end = self.clock.now() + seconds
        task = asyncio.ensure_future(work)
        alarm = asyncio.ensure_future(self._until(end))
        try:
            await asyncio.wait({task, alarm}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done() or self.clock.now() > end:
                raise TimeoutError
            return task.result()
        finally:
            for one in (task, alarm):
                one.cancel()
            await asyncio.gather(task, alarm, return_exceptions=True)

    async def _until(self, moment: float) -> None:
        while self.clock.now() <= moment:
            await self.pause(moment + 0.001)

    def _wake(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
