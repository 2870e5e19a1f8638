"""The store as one worker sees it who works on operations, and its way to Graph: each write of either may be its last."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connector.graph.session import GraphSession
from tests.support.worlds.disturbed import WorkerStore

if TYPE_CHECKING:
    from tests.support.operating.world import OperatedWorld

_WRITES = ("replace_", "remove_", "create_", "send")


async def _nothing() -> None:
    """Nothing happens."""


_NOTHING: tuple[str, Callable[[], Awaitable[None]], bool] = ("", _nothing, False)


class OperatingStore(WorkerStore):
    """Stands for the store of one piece of work, as :class:`WorkerStore` does, for what is kept about operations as well.

    Args:
        graph: whether writes to Graph count as writes, too.
    """

    def __init__(self, world: OperatedWorld, *, graph: bool = True, **disturbance: Any) -> None:
        super().__init__(world.store, world.postbox, world.leases, world.syncing.send, **disturbance)
        self._graph = graph
        self._once, self._before_once = _NOTHING, 0
        self.operations = _Part(self, world.store.operations, _WRITES, _instead(world))
        self.audit = _Part(self, world.store.audit, ("append",), {})

    def once(self, name: str, act: Callable[[], Awaitable[None]], *, after: bool = False, number: int = 1) -> None:
        """Have ``act`` happen before or after the first (or ``number``-th) write of a name, such as ``append``; ``attempt`` is one to
        Graph."""
        self._once, self._before_once = (name, act, after), number - 1

    def writing(self, real: Any) -> Any:
        """``real``, counted, and disturbed when its turn comes."""
        counted = super().writing(real)

        async def write(*args: Any, **kwargs: Any) -> Any:
            name, act, after = self._once
            if name != real.__name__ or self._before_once:
                self._before_once -= name == real.__name__
                return await counted(*args, **kwargs)
            self._once = _NOTHING
            if not after:
                await self._happening(act)
            result = await counted(*args, **kwargs)
            if after:
                await self._happening(act)
            return result

        return write

    def on_the_wire(self, session: GraphSession) -> GraphSession:
        """``session``, of which each write counts, and which sends nothing any more once the process is dead."""
        attempt = session.attempt
        session.attempt = self.writing(attempt) if self._graph else self.reading(attempt)  # type: ignore[method-assign]
        session._exchange = self.reading(session._exchange)  # type: ignore[method-assign]
        return session


class _Part:
    """A part of the store."""

    def __init__(
        self, owner: OperatingStore, real: Any, writes: tuple[str, ...], instead: dict[str, Callable[..., Any]]
    ) -> None:
        self._owner, self._real, self._writes, self._instead = owner, real, writes, instead

    def __getattr__(self, name: str) -> Any:
        real = self._instead.get(name) or getattr(self._real, name)
        return self._owner.writing(real) if name.startswith(self._writes) else self._owner.reading(real)


def _instead(world: OperatedWorld) -> dict[str, Callable[..., Any]]:
    real = world.store.operations

    async def replace_line(name: str, line: Any, held: Any) -> Any:
        written = await real.replace_line(name, line, held)
        world.lines.written(name, line)
        return written

    async def lines() -> list[Any]:
        return [replace(one, written=world.lines.written_at(one)) for one in await real.lines()]

    return {
        "replace_line": replace_line,
        "lines": lines,
        "send": world.mailbox.send,
        "send_again": world.mailbox.send_again,
    }
