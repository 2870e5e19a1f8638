"""One round of a lane, under its lease: follow cursors and commit, compare and commit, and say what was done."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial

from msgspec.structs import replace

from connector.graph.errors import GraphError, Throttled, is_unreadable
from connector.incremental import ledger
from connector.incremental.asking import Ask
from connector.incremental.commit import Batch, Committed, Outcome, commit
from connector.incremental.context import Again, Report, RoundContext
from connector.incremental.deriving.derived import TooMuchAtOnce
from connector.incremental.lanes import Situation, comparisons_of, deltas_of, usable_cursors
from connector.incremental.needing import ask_for_full_sync, lost_cursors, obstacle
from connector.incremental.subscribed import subscribed_kinds
from connector.incremental.telling import tell_others
from connector.incremental.tracking import COMPARED, compare, read_deltas
from connector.journal.errors import JournalDamaged, SnapshotUnusable
from connector.logs import log_event
from connector.storage import Current, Held
from connector.storage.records import Cause, KindRound, Rounds, Shrinking, WakeMessage
from connector.sync.context import Graph

_log = logging.getLogger(__name__)

SOON = 2.0
"""Seconds until what somebody else was faster with is looked at again."""


async def do_round(context: RoundContext, ask: Ask) -> Report:
    """Do what ``ask`` asks for.

    Raises:
        LeaseLost: before everything was committed. What was committed is right, what was not is read again.
        SignInFailed, GraphUnreachable: nothing can be asked of Graph now.
        StorageError: storage refuses; what was not committed is read again.
    """
    return await _Round(context, ask).run()


class _Round:
    def __init__(self, context: RoundContext, ask: Ask) -> None:
        self._context = context
        self._ask = ask
        self._report = Report(lane=ask.lane)
        self._began = context.now()
        self._rounds: Rounds | None = None
        self._kinds: dict[str, Callable[[Rounds], KindRound]] = {}

    async def run(self) -> Report:
        context, report = self._context, self._report
        held = await context.store.current()
        if held is None:
            report.obstacle = (
                "No full sync has been published yet; what changes meanwhile is in the cursors of the first."
            )
            return report
        before = held.record.journal_head
        report.obstacle = obstacle(held.record, context.settings)
        try:
            if report.obstacle is None:
                held = await self._look(held)
        except (JournalDamaged, SnapshotUnusable) as damage:
            report.obstacle = str(damage)
            log_event(_log, "state_damaged", level=logging.ERROR, problem=str(damage), advice=damage.advice)
        except TooMuchAtOnce as problem:
            report.obstacle = str(problem)  # nothing moved: the full sync reads it, and its cursors come after it
        finally:
            await ledger.write(context.store, context.now(), self._note)
        needed = report.obstacle or lost_cursors(held.record)
        if needed:
            await ask_for_full_sync(context.store, context.settings, held.record.snapshot_id, needed, self._began)
        await tell_others(context.store, context.settings, held.record, before, self._began)
        return report

    async def _look(self, held: Held[Current]) -> Held[Current]:
        """Read and commit; what is in force then."""
        situation = await self._situation(held.record)
        self._rounds = situation.rounds
        if not deltas_of(self._ask, situation) and not comparisons_of(self._ask, situation):
            return held
        async with self._context.open_graph() as graph:
            try:
                held = await self._follow(held, situation, graph)
                return await self._compare(held, situation, graph)
            finally:
                self._report.traffic += graph.meter.take()

    async def _situation(self, current: Current) -> Situation:
        context = self._context
        rounds = await context.store.rounds()
        return Situation(
            cursors=usable_cursors(current),
            manifest=await context.replica.manifest(context.store, current),
            rounds=rounds.record if rounds else None,
            subscribed=await subscribed_kinds(context.store, context.settings, self._began),
            silence=timedelta(seconds=context.settings.notification_silence),
            now=self._began,
        )

    async def _follow(self, held: Held[Current], situation: Situation, graph: Graph) -> Held[Current]:
        """Follow cursors, and put in force what they brought."""
        context = self._context
        kinds = deltas_of(self._ask, situation)
        if not kinds:
            return held
        known = await context.replica.known(context.store, held.record)
        began = context.now()
        try:
            read = await read_deltas(
                graph.session, context.settings, situation.cursors, known, kinds=kinds, now=context.now
            )
        except GraphError as error:
            for kind in kinds:
                self._failed(kind, error, began)
            raise
        await self._signal(read.signals)
        batch = Batch(
            since=held.record,
            reading=read.reading,
            cause=self._ask.cause,
            read_at=began,
            cursors=read.cursors,
            rows=read.rows,
            lost=read.lost,
        )
        done = await commit(context, held, batch)
        if done.outcome is Outcome.SUPERSEDED:
            self._again(kinds, SOON)
            return done.current
        for kind in read.cursors:
            self._read(kind, done, began, changed=bool(read.rows.get(kind)) and done.segment is not None)
        for kind, why in read.lost.items():
            self._report.problems[kind] = why
            self._kinds[kind] = partial(ledger.failed, kind=kind, at=began, problem=why, lasting=True)
        for kind, refused in read.failed.items():
            self._failed(kind, refused, began)
        self._committed(done)
        waiting = {kind: later.retry_after for kind, later in read.failed.items() if isinstance(later, Throttled)}
        if waiting:
            self._again(waiting, max(waiting.values()))
        self._report.followed = tuple(sorted(read.cursors))
        return done.current

    async def _compare(self, held: Held[Current], situation: Situation, graph: Graph) -> Held[Current]:
        """Compare what is due, and what has given a sign, one kind after another."""
        context = self._context
        situation = dataclasses.replace(situation, cursors=usable_cursors(held.record), rounds=self._rounds)
        kinds = comparisons_of(self._ask, situation)
        for number, kind in enumerate(kinds):
            held = await context.in_force()  # what others have committed meanwhile, the replica holds already
            known = await context.replica.known(context.store, held.record)
            began = context.now()
            try:
                reading = await compare(graph.session, context.settings, kind, known)
            except Throttled as waiting:
                self._again(kinds[number:], waiting.retry_after)
                return held
            except GraphError as error:
                self._failed(kind, error, began)
                if not is_unreadable(error):
                    raise
                continue
            batch = Batch(since=held.record, reading=reading, cause=Cause.POLL, read_at=began, polled=kind)
            done = await commit(context, held, batch)
            held = done.current
            if done.outcome is Outcome.SUPERSEDED:
                self._again([kind], SOON)
                continue
            self._read(kind, done, began, changed=done.segment is not None)
            self._committed(done)
            self._report.compared += (kind,)
        return held

    async def _signal(self, kinds: Collection[str]) -> None:
        """Remember what has given a sign before the cursor moves on, and wake whoever compares it."""
        context, signalled = self._context, sorted(kind for kind in kinds if kind in COMPARED)
        if not signalled:
            return
        at = context.now()
        self._rounds = await ledger.write(context.store, at, lambda rounds: ledger.signalled(rounds, signalled, at))
        elsewhere = tuple(kind for kind in signalled if COMPARED[kind].lane is not self._ask.lane)
        if elsewhere:
            lane = COMPARED[elsewhere[0]].lane
            await context.wake(WakeMessage(lane=lane, cause=self._ask.cause, seen_at=at, kinds=elsewhere))

    def _read(self, kind: str, done: Committed, began: datetime, *, changed: bool) -> None:
        problem = _held_back(done.held_back, self._context.settings.shrink_limit_percent) if kind in COMPARED else None
        if problem:
            self._report.problems[kind] = problem
        self._kinds[kind] = partial(ledger.read, kind=kind, at=began, changed=changed, problem=problem)

    def _failed(self, kind: str, error: GraphError, at: datetime) -> None:
        if isinstance(error, Throttled):
            return  # no problem: it is asked again when Graph wants to be asked
        self._report.problems[kind] = str(error)
        lasting = is_unreadable(error)
        self._kinds[kind] = partial(ledger.failed, kind=kind, at=at, problem=str(error), lasting=lasting)
        log_event(_log, "not_read", level=logging.WARNING, kind=kind, problem=str(error), advice=error.advice)

    def _committed(self, done: Committed) -> None:
        if done.segment is not None:
            self._report.segments.append(done.segment)

    def _again(self, kinds: Collection[str], after: float) -> None:
        ask = Ask(lane=self._ask.lane, seen_at=self._ask.seen_at, kinds=frozenset(kinds), notified=self._ask.notified)
        self._report.again.append(Again(ask=ask, after=after))

    def _note(self, rounds: Rounds) -> Rounds:
        """``rounds.json`` once it tells of this round, too."""
        noted = ledger.with_kinds(rounds, {kind: note(rounds) for kind, note in self._kinds.items()})
        notified_at = rounds.notified_at
        if self._ask.notified and (notified_at is None or notified_at < self._ask.seen_at):
            notified_at = self._ask.seen_at
        return replace(
            noted,
            notified_at=notified_at,
            rounds=rounds.rounds + 1,
            traffic=rounds.traffic + self._report.traffic,
            problem=self._report.obstacle,
        )


def _held_back(held_back: Collection[Shrinking], limit: int) -> str | None:
    if not held_back:
        return None
    told = ", ".join(f"{one.now:,} of {one.was:,} rows of {one.table} are left" for one in held_back)
    return f"Held back: {told}, which is more than SHRINK_LIMIT_PERCENT ({limit}) gone; the rows stay until a full sync accepts it."
