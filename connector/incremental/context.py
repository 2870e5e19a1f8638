"""What a round works with, and what it says at the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime

from connector.incremental.asking import Ask
from connector.incremental.replicas import SharedReplica
from connector.settings import Settings
from connector.storage import Current, Held, Store
from connector.storage.errors import BlobMissing
from connector.storage.leases import Lease
from connector.storage.records import Lane, SegmentRef, Traffic, WakeMessage
from connector.sync.context import Graph, utc_now


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitContext:
    """What is needed to put something in force.

    Attributes:
        lease: what has to be held until then, if anything.
    """

    store: Store
    settings: Settings
    replica: SharedReplica
    lease: Lease | None = None
    now: Callable[[], datetime] = utc_now

    async def in_force(self) -> Held[Current]:
        """What is in force.

        Raises:
            BlobMissing: it was there, and is not any more.
        """
        held = await self.store.current()
        if held is None:
            raise BlobMissing("current.json")
        return held

    def check_lease(self) -> None:
        """Do nothing while what has to be held is. Raises LeaseLost otherwise."""
        if self.lease is not None:
            self.lease.check()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundContext(CommitContext):
    """What a round works with; ``lease`` is that of its lane.

    Attributes:
        open_graph: an open session for the time of the round.
        wake: how a round of the other lane is asked for.
    """

    open_graph: Callable[[], AbstractAsyncContextManager[Graph]]
    wake: Callable[[WakeMessage], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What is to be asked once more, ``after`` so many seconds."""

    ask: Ask
    after: float


@dataclass(slots=True, kw_only=True)
class Report:
    """What a round did.

    Attributes:
        followed: cursors that were followed, and ``compared``: kinds that were compared, to their end.
        segments: what it committed, in order.
        problems: sentences by kind: what could not be read, or is held back.
        obstacle: why no round is possible, a sentence; None where one was.
        again: what Graph wants to be asked later, or has to be read anew.
        traffic: what it asked of Graph.
    """

    lane: Lane
    followed: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()
    segments: list[SegmentRef] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    obstacle: str | None = None
    again: list[Again] = field(default_factory=list)
    traffic: Traffic = Traffic()

    @property
    def changes(self) -> int:
        """How many lines it has added to the journal."""
        return sum(ref.last - ref.first + 1 for ref in self.segments)
