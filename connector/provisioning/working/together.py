"""What many do at the same time, done once for all of them: who comes while it is being done shares the next time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Together(Generic[T, R]):
    """Does ``run`` for all items that have come since it began the last time."""

    def __init__(self, run: Callable[[Sequence[T]], Awaitable[R]]) -> None:
        self._run = run
        self._lock = asyncio.Lock()
        self._items: list[T] = []
        self._turn: asyncio.Task[R] | None = None

    async def do(self, item: T) -> R:
        """Have it done for ``item``, alone or with others. What it raises, everyone gets who shares it."""
        self._items.append(item)
        if self._turn is None:
            self._turn = asyncio.create_task(self._take_turn())
        return await asyncio.shield(self._turn)

    async def _take_turn(self) -> R:
        async with self._lock:
            items, self._items, self._turn = self._items, [], None  # who comes from now on shares the next one
            return await self._run(items)
