"""What the triggers, the command line and full syncs ask of rounds. Opens what it needs, and closes it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from connector.incremental.asking import Ask, MalformedWake, parse_wake
from connector.incremental.coalescing import Later, Turns, put_aside, take_along
from connector.incremental.context import Again, Report, RoundContext
from connector.incremental.folders import TemporaryFolder
from connector.incremental.lanes import Situation, is_anything_due, usable_cursors
from connector.incremental.replicas import SharedReplica
from connector.incremental.subscribed import subscribed_kinds
from connector.logs import log_event
from connector.settings import Settings
from connector.storage import Store, open_store
from connector.storage.errors import BlobCorrupt, BlobMissing
from connector.storage.leases import LeaseHeld, LeaseLost
from connector.storage.records import Cause, Lane, WakeMessage
from connector.sync.context import Graph, Meter, utc_now
from connector.sync.noting import note_credential
from connector.sync.service import MOST_DELIVERIES

if TYPE_CHECKING:
    from connector.graph.connection import SharedConnection

__all__ = ["Follower", "Report", "catch_up", "run_round", "wake_what_is_due"]

_log = logging.getLogger(__name__)

_CATCH_UP_PATIENCE_S = 10.0
BUSY = 2.0
"""Seconds until a lane that somebody else is at work on is tried again."""


class Follower:
    """Takes messages of the changes queue. One for a process: its rounds share a replica, and a connection to Graph.

    Args:
        graph: the connection that the process has already; by default one of its own.
        folder: where the replica lies; by default a temporary folder, so that a new process loads it anew.
    """

    def __init__(self, graph: SharedConnection | None = None, folder: Path | None = None) -> None:
        from connector.graph.connection import SharedConnection

        self._graph = graph or SharedConnection()
        self._owns_graph = graph is None
        self._temporary = None if folder else TemporaryFolder()
        self._replica = SharedReplica(folder or (self._temporary.path if self._temporary else Path()))
        self.journalling = asyncio.Lock()
        """Held while effects of operations are journalled: who is alone does not derive what somebody else makes void."""
        self._later = Later()
        self._turns: dict[tuple[Settings, Lane], Turns] = {}

    async def take_message(self, settings: Settings, text: str, *, delivery: int) -> Report | None:
        """Take one message of the queue: have the round done that it asks for, alone or together with others.

        Args:
            text: the message. One that nobody understands is put aside.
            delivery: how often it has been delivered, this time included. The last time, a failure puts it aside.

        Raises:
            Exception: what may pass; the queue delivers the message again.
        """
        try:
            ask = Ask.of(parse_wake(text), again=delivery > 1)
        except MalformedWake as malformed:
            async with open_store(settings) as store:
                await put_aside(store, text, malformed)
            return None
        try:
            return await self._turn(settings, ask.lane).ask(ask)
        except Exception as error:
            last = delivery >= MOST_DELIVERIES
            log_event(
                _log,
                "round_given_up" if last else "round_failed",
                level=logging.ERROR if last else logging.WARNING,
                lane=ask.lane.value,
                problem=str(error),
                advice=str(getattr(error, "advice", "")),
            )
            raise

    async def run(
        self, store: Store, settings: Settings, ask: Ask, *, patience: float = 0.0, along: bool = False
    ) -> Report:
        """A round with the lease of its lane.

        Args:
            patience: seconds to wait for who has it.
            along: whether to take along what is queued for the lane.

        Raises:
            LeaseHeld: somebody else still has it.
            Exception: what :func:`~connector.incremental.round.do_round` raises.
        """
        from connector.incremental.round import do_round

        async with store.lease(ask.lane.value, patience=patience) as lease:
            context = RoundContext(
                store=store,
                settings=settings,
                replica=self._replica,
                open_graph=lambda: _open_graph(settings, store, self._graph),
                lease=lease,
                wake=store.send_wake,
            )
            if not along:
                return _logged(await do_round(context, ask))
            wanted, deleting = await take_along(store, ask)
            try:
                report = _logged(await do_round(context, wanted))
            except LeaseLost:
                report = Report(lane=ask.lane, again=[Again(ask=wanted, after=BUSY)])
            finally:
                await deleting
            return report

    @property
    def graph(self) -> SharedConnection:
        """The connection of the process, for others to share."""
        return self._graph

    @property
    def replica(self) -> SharedReplica:
        """The replica of the process, for others who put something in force."""
        return self._replica

    async def close(self) -> None:
        """Let go of the replica, and of the connection unless it is somebody else's."""
        await self._replica.close()
        if self._owns_graph:
            await self._graph.close()
        if self._temporary is not None:
            self._temporary.remove()

    def _turn(self, settings: Settings, lane: Lane) -> Turns:
        if (settings, lane) not in self._turns:
            self._turns[settings, lane] = Turns(lambda ask: self._round(settings, ask))
        return self._turns[settings, lane]

    async def _round(self, settings: Settings, ask: Ask) -> Report:
        async with open_store(settings) as store:
            try:
                report = await self.run(store, settings, ask, along=True)
            except LeaseHeld:
                report = Report(lane=ask.lane, again=[Again(ask=ask, after=BUSY)])
            for again in report.again:
                await self._later.send(store, again.ask, again.after)
            return report


async def run_round(
    settings: Settings,
    lane: Lane | None = None,
    kinds: Collection[str] = (),
    cause: Cause = Cause.DELTA,
    *,
    compare: Collection[str] = (),
    follower: Follower | None = None,
    patience: float = 30.0,
) -> list[Report]:
    """Run a round to its end in this process, beside the queue: for the command line, for tests, and before a snapshot is published.

    Args:
        lane: which lane; both, one after the other, by default.
        kinds: which cursors to follow; by default all, and then what is due or has given a sign is compared as well.
        cause: ``NOTIFICATION`` or ``DELTA``: what is told of what it finds by delta.
        compare: kinds to compare in any case.
        follower: whose replica and connection to use.
        patience: seconds to wait for whoever is at work on a lane.

    Returns:
        What each lane's round did. What it has not come to (``Report.again``) is left to the next round.

    Raises:
        LeaseHeld: somebody else is still at work on a lane.
        GraphError, StorageError: as met. What was committed stays.
    """
    own = follower or Follower()
    reports = []
    try:
        async with open_store(settings) as store:
            for one in (lane,) if lane else tuple(Lane):
                ask = Ask(
                    lane=one,
                    seen_at=utc_now(),
                    kinds=frozenset(kinds) | frozenset(compare),
                    due=not kinds,
                    everything=not kinds,
                    notified=cause is Cause.NOTIFICATION,
                )
                reports.append(await own.run(store, settings, ask, patience=patience))
    finally:
        if follower is None:
            await own.close()
    return reports


async def catch_up(settings: Settings, follower: Follower | None = None) -> None:
    """Follow every cursor once: before a full sync publishes, so that what it reports as drift is what rounds really missed.

    Before the first snapshot there is nothing that could have been missed.

    Raises:
        LeaseHeld: a round is running anyway.
        GraphError, StorageError: as met; a full sync does without.
    """
    async with open_store(settings) as store:
        if await store.current() is None:
            return
    await run_round(settings, Lane.DIRECTORY, follower=follower, patience=_CATCH_UP_PATIENCE_S)


async def wake_what_is_due(settings: Settings) -> list[Lane]:
    """Ask for a round of every lane in which something is due, and say which.

    Raises:
        StorageError: storage refuses; the next time is soon.
    """
    async with open_store(settings) as store:
        held = await store.current()
        if held is None:
            return []
        now, current = utc_now(), held.record
        rounds = await store.rounds()
        try:
            manifest = await store.manifest(current.snapshot_id)
        except (BlobMissing, BlobCorrupt):
            lanes = [Lane.DIRECTORY]  # its round says what is wrong with the state as a whole
        else:
            situation = Situation(
                cursors=usable_cursors(current),
                manifest=manifest,
                rounds=rounds.record if rounds else None,
                subscribed=await subscribed_kinds(store, settings, now),
                silence=timedelta(seconds=settings.notification_silence),
                now=now,
            )
            lanes = [lane for lane in Lane if is_anything_due(lane, situation)]
        for lane in lanes:
            await store.send_wake(WakeMessage(lane=lane, cause=Cause.DELTA, seen_at=now))
        return lanes


def _logged(report: Report) -> Report:
    log_event(
        _log,
        "round_done",
        lane=report.lane.value,
        followed=" ".join(report.followed),
        compared=" ".join(report.compared),
        changes=report.changes,
        requests=report.traffic.requests,
        resource_units=report.traffic.resource_units,
    )
    if report.obstacle:
        log_event(_log, "no_round_possible", level=logging.WARNING, lane=report.lane.value, why=report.obstacle)
    return report


@asynccontextmanager
async def _open_graph(settings: Settings, store: Store, shared: SharedConnection) -> AsyncIterator[Graph]:
    """A session for one round, over the connection of the process. What it would have to wait for too long is asked later."""
    from connector.graph.session import GraphSession
    from connector.graph.stats import GraphStats

    deadline = time.monotonic() + settings.step_budget
    stats, connection = GraphStats(), await shared.open(settings)
    async with GraphSession(settings, stats=stats, deadline=deadline, connection=connection) as session:
        await note_credential(store, session)
        yield Graph(session, Meter(stats))
