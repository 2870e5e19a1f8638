"""Time as a session sees it: a wait that is over has taken as long as it was to take, however it was waited."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from connector.graph.errors import Throttled


class Clock:
    """Tells the time and waits, within a deadline.

    Args:
        sleep: how to wait. Where it returns at once, the time that it stands for counts as passed.
        deadline: value of :func:`time.monotonic` at which the step ends; None: never.
    """

    def __init__(
        self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep, *, deadline: float | None = None
    ) -> None:
        self._sleep = sleep
        self._deadline = deadline
        self._ahead = 0.0

    def now(self) -> float:
        """Seconds, comparable with the deadline."""
        return time.monotonic() + self._ahead

    def may_wait(self, seconds: float) -> bool:
        """Whether a wait of ``seconds`` ends before the deadline."""
        return self._deadline is None or self.now() + seconds <= self._deadline

    async def wait(self, seconds: float) -> None:
        """Wait, unless that would pass the deadline.

        Raises:
            Throttled: it would.
        """
        if not self.may_wait(seconds):
            raise Throttled(seconds)
        ends = self.now() + seconds
        await self._sleep(seconds)
        self._ahead += max(0.0, ends - self.now())
