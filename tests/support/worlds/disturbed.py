"""The store as one worker sees it, with queues in memory, and something that happens in the middle of its work."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from connector.storage import Store
from connector.storage.leases import LeaseHeld, LeaseLost
from tests.support.dying import Killed
from tests.support.worlds.postbox import Postbox

_WRITES = ("replace_", "write_", "upload_", "remove_", "stage", "send_", "delete_")


class Leases:
    """Who holds what, in memory: what ends a lease is decided by tests, not by time."""

    def __init__(self) -> None:
        self._held: set[str] = set()

    @asynccontextmanager
    async def hold(self, name: str, *, ignored: bool, lost: Callable[[], bool]) -> AsyncIterator[Any]:
        """Hold the lease ``name``; ``ignored``: whoever else does."""
        if name in self._held and not ignored:
            raise LeaseHeld(name)
        mine = name not in self._held
        self._held.add(name)
        try:
            yield _Lease(name, lost)
        finally:
            if mine:
                self._held.discard(name)


class _Lease:
    def __init__(self, name: str, lost: Callable[[], bool]) -> None:
        self._name = name
        self._lost = lost

    def check(self, margin: float = 0.0) -> None:  # noqa: ARG002
        if self._lost():
            raise LeaseLost(self._name)


class WorkerStore:
    """Stands for the store of one piece of work. Messages go to ``postbox`` and ``send_step``; all else to the real store.

    Args:
        at: the write at which ``act`` happens, once, counted from 1; 0: never.
        act: what happens. Where it raises :class:`Killed`, nothing works from then on: who was killed does nothing more.
        after: it happens when the write has had its effect.
        unleased: leases are given to everybody, as if one had run out unnoticed.
        lost: the lease is lost as soon as anything has been written.
    """

    def __init__(
        self,
        store: Store,
        postbox: Postbox,
        leases: Leases,
        send_step: Callable[..., Awaitable[None]],
        *,
        at: int = 0,
        act: Callable[[], Awaitable[None]] | None = None,
        after: bool = False,
        unleased: bool = False,
        lost: bool = False,
    ) -> None:
        self._real = store
        self._leases = leases
        self._instead: dict[str, Any] = {
            "send_wake": postbox.send,
            "take_wakes": postbox.take,
            "delete_wake": postbox.delete,
            "send_step": send_step,
        }
        self._at, self._act, self._after = at, act, after
        self._unleased, self._lost = unleased, lost
        self._dead = False
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        real = self._instead.get(name) or getattr(self._real, name)
        return self.writing(real) if name.startswith(_WRITES) else self.reading(real)

    def lease(self, name: str, *, patience: float = 0.0) -> Any:  # noqa: ARG002
        """A lease in memory."""
        return self._leases.hold(name, ignored=self._unleased, lost=lambda: self._lost and self.writes > 0)

    def lose_leases(self) -> None:
        """From now on whoever asks is told that the lease is lost."""
        self._lost = True

    def reading(self, real: Any) -> Any:
        """``real``, unless the process is dead."""

        def read(*args: Any, **kwargs: Any) -> Any:
            if self._dead:
                raise Killed
            return real(*args, **kwargs)

        return read

    def writing(self, real: Any) -> Any:
        """``real``, counted, and disturbed when its turn comes."""

        async def write(*args: Any, **kwargs: Any) -> Any:
            self.writes += 1
            if self._dead:
                raise Killed
            now = self.writes == self._at
            if now and not self._after:
                await self._happen()
            result = await real(*args, **kwargs)
            if now and self._after:
                await self._happen()
            return result

        return write

    async def _happen(self) -> None:
        assert self._act is not None
        await self._happening(self._act)

    async def _happening(self, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except Killed:
            self._dead = True
            raise


async def die() -> None:
    """The process ends here."""
    raise Killed
