"""One attempt at a time, whose failure counts for everybody who has waited for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Attempts:
    """Takes turns at something that many want and one does for all, such as signing in.

    Where it fails, whoever was waiting gets that failure instead of trying in their turn: what does not answer would otherwise keep the last
    of twenty waiting twenty times as long, and what refuses would be asked twenty times. Whoever comes later tries again.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._ended = 0
        self._failure: Exception | None = None

    @asynccontextmanager
    async def turn(self, *, attempts: bool = True) -> AsyncIterator[None]:
        """Wait for a turn; what is raised within is the failure of this attempt.

        Args:
            attempts: whether the turn is for trying the same as everybody; what only has to wait for them gets nobody's failure.

        Raises:
            Exception: what the attempt raised that ended while this one was waiting.
        """
        seen = self._ended
        async with self._lock:
            if attempts and self._failure is not None and self._ended != seen:
                raise self._failure
            self._failure = None
            try:
                yield
            except Exception as failure:
                self._failure = failure
                raise
            finally:
                self._ended += 1
