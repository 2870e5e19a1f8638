"""What working on lines works with, and what others give to it: principals, kinds, the journal, the audit file."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connector.graph.errors import GraphError
from connector.provisioning.contract import Kind, Principal, Tools
from connector.provisioning.entitlements import Entitlement
from connector.provisioning.working.effects import Effects, Journalled
from connector.provisioning.working.limits import GRAPH_S
from connector.provisioning.working.moments import Moment
from connector.settings import Settings
from connector.storage import Store
from connector.storage.leases import Lease
from connector.storage.records import Operation, Problem

if TYPE_CHECKING:
    from connector.graph.session import GraphSession
    from connector.incremental.service import Follower


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Collaborators:
    """What others give to working on lines.

    Attributes:
        kind_of: what knows an entitlement.
        resolve: who is meant by names, by the name as it was given; of whom it cannot be found out now, the error.
        journal: puts effects into the journal; of several lines at once.
        audit: adds events to the audit file, and gives the operations back with ``audited`` set.
        open_graph: a session with Graph that gives up waiting at a moment of :func:`time.monotonic`.
        now: tells the time.
    """

    kind_of: Callable[[Entitlement], Kind]
    resolve: Callable[[Tools, Sequence[str]], Awaitable[Mapping[str, Principal | Problem | GraphError]]]
    journal: Callable[[Sequence[Effects]], Awaitable[Journalled]]
    audit: Callable[[Store, Sequence[Operation]], Awaitable[Sequence[Operation]]]
    open_graph: Callable[[Settings, float], AbstractAsyncContextManager[GraphSession]]
    now: Callable[[], datetime] = utc_now


def collaborators_of(follower: Follower) -> Collaborators:
    """The real ones, of a process: its connection to Graph and its replica are shared with rounds. They are loaded here."""
    from connector.provisioning.audit.writing import AuditTrail
    from connector.provisioning.kinds.principals import resolve
    from connector.provisioning.kinds.registry import kind_of
    from connector.provisioning.working.journalling import journal_together

    @asynccontextmanager
    async def open_graph(settings: Settings, deadline: float) -> AsyncIterator[GraphSession]:
        from connector.graph.session import GraphSession

        async with GraphSession(settings, deadline=deadline, connection=await follower.graph.open(settings)) as session:
            yield session

    async def journal(effects: Sequence[Effects]) -> Journalled:
        return await journal_together(follower, effects)

    return Collaborators(kind_of, resolve, journal, AuditTrail().append, open_graph)


@dataclass(frozen=True, slots=True)
class Work:
    """What one worker works with, on one line.

    Attributes:
        lease: of the line.
        journal: puts effects into the journal, together with those of other lines.
        worker: id of the process.
    """

    store: Store
    settings: Settings
    entitlement: Entitlement
    kind: Kind
    lease: Lease
    others: Collaborators
    journal: Callable[[Effects], Awaitable[Journalled]]
    worker: str

    def moment(self) -> Moment:
        """Now."""
        return Moment(self.others.now(), self.worker)

    @asynccontextmanager
    async def tools(self) -> AsyncIterator[Tools]:
        """What the kind works with, for one go.

        Raises:
            GraphError: Graph cannot be asked now.
        """
        async with self.others.open_graph(self.settings, time.monotonic() + GRAPH_S) as session:
            yield Tools(session, self.settings, session.own_id, self.others.now())
