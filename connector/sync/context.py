"""What every step of a sync works with, and the few things that all steps do alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from connector.settings import Settings
from connector.storage import Store
from connector.storage.records import Progress, StepMessage, Traffic

if TYPE_CHECKING:
    from connector.graph.session import GraphSession
    from connector.graph.stats import GraphStats
    from connector.sync.board import Board
    from connector.sync.kinds.reader import Reader


class Send(Protocol):
    """Asks for a step, to be taken after ``delay`` seconds at the earliest."""

    async def __call__(self, message: StepMessage, *, delay: float = 0) -> None:
        """Send it."""


class Meter:
    """Says what was asked of Graph since it was last asked, so that everything is counted once."""

    def __init__(self, stats: GraphStats) -> None:
        self._stats = stats
        self._taken = Traffic()

    def take(self) -> Traffic:
        """What has been spent since the last call."""
        now, before = _traffic(self._stats), self._taken
        self._taken = now
        return Traffic(
            requests=now.requests - before.requests,
            resource_units=now.resource_units - before.resource_units,
            throttled=now.throttled - before.throttled,
            bytes=now.bytes - before.bytes,
        )


def _traffic(stats: GraphStats) -> Traffic:
    return Traffic(
        requests=stats.requests,
        resource_units=stats.resource_units,
        throttled=stats.throttled,
        bytes=stats.bytes_received,
    )


@dataclass(frozen=True, slots=True)
class Graph:
    """An open session, and the meter of what it costs. Several steps may share both."""

    session: GraphSession
    meter: Meter


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


async def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a step works with.

    Attributes:
        readers: everything that a sync reads, in order.
        take_cursors: asks Graph where incremental rounds start, by kind.
        open_graph: an open session for the time of a step.
        send: how the next steps are asked for.
        board: the checkpoints of the sync.
        budget: seconds after which a step hands over to the next; None: never.
        on_progress: told of every progress that is written.
        catch_up: lets rounds catch up before a snapshot is built, so that drift is what they really missed. May fail.
    """

    store: Store
    settings: Settings
    readers: Sequence[Reader]
    take_cursors: Callable[[GraphSession, Settings], Awaitable[Mapping[str, str]]]
    open_graph: Callable[[], AbstractAsyncContextManager[Graph]]
    send: Send
    board: Board
    budget: float | None
    on_progress: Callable[[Progress], None] = field(default=lambda _: None)
    now: Callable[[], datetime] = utc_now
    catch_up: Callable[[], Awaitable[None]] = nothing

    def reader(self, name: str) -> Reader:
        """The reader called ``name``."""
        return next(reader for reader in self.readers if reader.name == name)
