"""From what was read to what is in force: a journal segment first, then ``current.json`` under ``If-Match``.

Committing is optimistic. Whoever holds the lease of a lane is most probably alone, but what keeps the state right is written here:

* **Fences.** What was read goes on from cursors (or, of kinds that are compared, from the last look). Only where all of them are still
  in force does it count; otherwise somebody else has read the same.
* **If-Match.** What follows from it was derived against one state. Where another is in force by now, it is derived again.
* **One write decides.** A segment that ``current.json`` does not name does not exist. A process that dies in between leaves a blob
  that nobody reads; one that dies afterwards has left nothing out.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec.structs import replace

from connector.incremental.deriving.derived import Derived
from connector.incremental.facts import Reading
from connector.incremental.overlaying import contradicts, without
from connector.journal.states import read_segments, segments_after
from connector.logs import log_event
from connector.storage import Held
from connector.storage.errors import Conflict
from connector.storage.journal import segment_after
from connector.storage.records import Cause, Current, Cursor, FactChange, SegmentRef, Shrinking
from connector.sync.ids import sync_of

if TYPE_CHECKING:
    from connector.incremental.context import CommitContext

_log = logging.getLogger(__name__)

OLD = timedelta(hours=1)
"""A cursor that brought nothing is put in force once its predecessor is this old. Graph forgets one after seven days, so a deployment
may be down for all but an hour of them; and an idle tenant costs one write an hour, not one at every look."""
_MOST_ATTEMPTS = 10


class Outcome(StrEnum):
    """How a commit ended: ``committed``; ``nothing`` was new; ``superseded``: somebody else has read the same, so that what was
    read here counts for nothing and has to be read again."""

    COMMITTED = "committed"
    NOTHING = "nothing"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What is to be put in force together.

    Attributes:
        since: what was in force before anything of this was read.
        cursors: where each kind that was followed goes on.
        rows: how many rows each of these chains brought.
        lost: kinds that cannot be followed any more, and why.
        polled: the kind that was compared, if one was.
        told_by: kinds whose rounds tell of the same as what was read beside them: none of them may have been put in force since.
        read_at: when reading began.
        operations: ids of the operations of ours that it comes from, for the cause ``operation``.
    """

    since: Current
    reading: Reading
    cause: Cause
    read_at: datetime
    cursors: Mapping[str, Cursor] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    lost: Mapping[str, str] = field(default_factory=dict)
    polled: str | None = None
    told_by: frozenset[str] = frozenset()
    operations: tuple[str, ...] = ()

    def still_counts(self, current: Current) -> bool:
        """Whether everything that this goes on from is still in force."""
        fenced = [*(kind for kind, rows in self.rows.items() if rows), *self.lost, *self.told_by]
        if any(current.cursors.get(kind) != self.since.cursors.get(kind) for kind in fenced):
            return False
        if current.settings != self.since.settings:
            return False
        compared = self.told_by if self.polled is None else {self.polled}
        return all(_last_look(current, kind) == _last_look(self.since, kind) for kind in compared)

    def moved(self, current: Current, *, new: bool) -> Mapping[str, Cursor]:
        """The cursors to put in force with this: of chains that brought rows, of old ones, and the marks of lost ones.

        Args:
            new: ``current.json`` is written in any case, so that moving the others, too, costs nothing.
        """
        moved = {}
        for kind, cursor in self.cursors.items():
            before = current.cursors.get(kind)
            if before != self.since.cursors.get(kind) or before is None:
                continue  # it brought nothing, and somebody else has moved it
            old = abs(cursor.taken_at - before.taken_at) >= OLD
            first = before.followed_since is None and cursor.followed_since is not None
            if new or self.rows.get(kind) or old or first:
                moved[kind] = cursor
        for kind, why in self.lost.items():
            moved[kind] = replace(current.cursors[kind], lost=why)
        return moved


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commit did. ``current`` is what is in force as far as is known."""

    outcome: Outcome
    current: Held[Current]
    segment: SegmentRef | None = None
    held_back: tuple[Shrinking, ...] = ()


async def commit(context: CommitContext, held: Held[Current], batch: Batch) -> Committed:
    """Put ``batch`` in force, whatever else is put in force meanwhile.

    Args:
        held: what is in force as far as is known.

    Raises:
        LeaseLost: before anything was put in force.
        JournalDamaged, SnapshotUnusable: there is no state to go on from.
        StorageError: it is not known whether it is in force; the next round finds out.
    """
    tried: _Attempt | None = None
    if batch.reading:
        held = (
            await context.in_force()
        )  # reading took a while; a state of then would cost a replica that goes back to it
    for _ in range(_MOST_ATTEMPTS):
        if tried is not None and tried.is_in_force(held.record):
            return Committed(Outcome.COMMITTED, held, tried.ref, tried.held_back)
        derived = await _derive(context, held.record, batch) if batch.still_counts(held.record) else None
        if derived is None:
            break
        held_back = tuple(derived.held_back)
        now = held.record.next_commit_at(context.now())
        segment = segment_after(
            held.record,
            derived.changes,
            derived.facts,
            cause=batch.cause,
            committed_at=now,
            operations=batch.operations,
        )
        moved = batch.moved(held.record, new=segment is not None)
        if segment is None and not moved:
            return Committed(Outcome.NOTHING, held, held_back=held_back)
        context.check_lease()
        ref = await context.store.write_segment(segment) if segment else None
        tried = _Attempt(ref, moved, batch.polled, batch.read_at, held_back)
        context.check_lease()
        try:
            held = await context.store.replace_current(tried.after(held.record, now), held)
        except Conflict:
            held = await context.in_force()
            continue
        if segment is not None and ref is not None:
            await context.replica.apply(segment, ref)
        return Committed(Outcome.COMMITTED, held, ref, held_back)
    return Committed(Outcome.SUPERSEDED, held)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What was written, or was about to be."""

    ref: SegmentRef | None
    moved: Mapping[str, Cursor]
    polled: str | None
    read_at: datetime
    held_back: tuple[Shrinking, ...]

    def after(self, current: Current, now: datetime) -> Current:
        """What is in force once this is."""
        following = replace(current, cursors={**current.cursors, **self.moved}, committed_at=now)
        if self.ref is None:
            return following
        return replace(
            following,
            segments=(*current.segments, self.ref),
            journal_head=self.ref.last,
            last_segment=self.ref.sha256,
            polled={**current.polled, self.polled: self.read_at} if self.polled else current.polled,
        )

    def is_in_force(self, current: Current) -> bool:
        """Whether this is part of what is in force: then it was written, and only the answer got lost."""
        if self.ref is not None:
            return self.ref in current.segments
        return all(current.cursors.get(kind) == cursor for kind, cursor in self.moved.items())


async def _derive(context: CommitContext, current: Current, batch: Batch) -> Derived | None:
    """What ``batch`` changes of ``current``; None where it has to be read again.

    That is where what was committed since is not known any more, or where operations have since brought about what contradicts what
    was read. Which of both is younger nobody knows, and a chain that is followed has no second look to make up for a wrong guess.
    """
    reading = batch.reading
    if not reading:
        return Derived((), ())
    touched = await _touched(context, batch.since, current, None if batch.polled is not None else Cause.OPERATION)
    if touched is None:
        return None
    if batch.polled is not None:
        reading = without(reading, touched)
    elif contradicts(reading, touched):
        return None
    derived = await context.replica.derive(context.store, current, reading, context.settings, batch.read_at)
    for one in derived.held_back:
        log_event(_log, "held_back", level=logging.WARNING, table=one.table, was=one.was, now=one.now)
    return derived


async def _touched(
    context: CommitContext, since: Current, current: Current, cause: Cause | None
) -> list[FactChange] | None:
    """The facts that were committed between both, for this cause or for any; None where their segments have been folded
    into a snapshot."""
    if since.last_segment == current.last_segment:
        return []
    refs = segments_after(current.segments, since.last_segment)
    if refs is None and since.snapshot_id == current.snapshot_id and not since.segments:
        refs = current.segments
    if refs is None:
        return None
    if all(ref.cause is not cause for ref in refs) and cause is not None:
        return []
    segments = await read_segments(context.store, refs, facts=True)
    return [fact for one in segments if cause in (None, one.head.cause) for fact in one.facts]


def _last_look(current: Current, kind: str) -> tuple[str, datetime | None]:
    """When a kind was last put in force, and by which sync's snapshot if no round has since. Compaction changes neither."""
    return sync_of(current.snapshot_id), current.polled.get(kind)
