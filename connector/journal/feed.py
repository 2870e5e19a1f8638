"""The journal as a feed: changes in pages, by sequence, for those who keep a picture of their own.

Who follows begins with a snapshot, goes on from its sequence, and asks for what comes after the last change it has. Sequences
are consecutive, and a page is a piece of that one line, so nothing is skipped or repeated, whatever is committed or
published meanwhile. What cannot be followed any more, because segments are gone or a snapshot does not continue the journal, is
said, never skipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from connector.journal.errors import AheadOfJournal, JournalDamaged, NewestSnapshot, TooFarBehind
from connector.journal.states import leads_here, read_segments, stretches
from connector.storage import Manifest, Store
from connector.storage.errors import BlobCorrupt, BlobMissing
from connector.storage.journal import Segment
from connector.storage.records import Cause, Change, Current, SegmentHead, SegmentRef

MOST_CHANGES = 5_000
"""Most changes of one page: some megabytes of JSON."""

_MOST_SEGMENTS = 256
"""Most segments that are read for one page, so that a page of many small ones does not take long. It then is shorter."""


class FeedChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One change.

    Attributes:
        sequence: position in the journal; the next change has the next number, but where a snapshot began anew.
        table: a table of ``connector.access.tables``.
        key: the values of the table's key, in its order.
        before: the row until then, by column; None where there was none.
        after: the row from then on; None where it is gone.
        seen_at: when it was committed to the journal.
        cause: why it was seen.
        operations: ids of the operations of ours that it comes from, where ``cause`` is ``operation``; left out where there are none.
    """

    sequence: int
    table: str
    key: tuple[str, ...]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    seen_at: datetime
    cause: Cause
    operations: tuple[str, ...] = ()


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some changes, in order.

    Attributes:
        next: the sequence to ask after next time.
        head: sequence of the last change of all when the page was made; where ``next`` is less, there is more.
    """

    changes: tuple[FeedChange, ...]
    next: int
    head: int


async def changes_after(store: Store, current: Current, sequence: int, limit: int = MOST_CHANGES) -> Page:
    """The changes after ``sequence``, as ``current`` knows them; no more than ``limit``. Empty only at the journal's head.

    Args:
        limit: at least one; more than :data:`MOST_CHANGES` counts as that.

    Raises:
        TooFarBehind: the journal can no longer be followed from there.
        AheadOfJournal: there is no such sequence yet.
        JournalDamaged: a segment after the snapshot in force is missing or corrupt.
        StorageError: storage cannot be read.
    """
    if sequence > current.journal_head:
        raise AheadOfJournal(sequence, current.journal_head, newest_snapshot(store, current))
    until = sequence + min(max(limit, 1), MOST_CHANGES)
    refs = await _refs_after(store, current, sequence)
    # One without changes has `last` before `first`.
    needed = [ref for ref in refs if sequence < ref.last and ref.first <= min(until, ref.last)][:_MOST_SEGMENTS]
    changes = [
        _told(change, segment.head)
        for segment in await _read(store, current, needed, sequence)
        for change in segment.changes
        if sequence < change.sequence <= until
    ]
    return Page(changes=tuple(changes), next=changes[-1].sequence if changes else sequence, head=current.journal_head)


async def oldest_sequence(store: Store, current: Current) -> int:
    """The sequence of the oldest snapshot from which the journal can be followed to its head.

    Raises:
        StorageError: storage cannot be read.
    """
    oldest = current.journal_base
    async for stretch in stretches(store, current):
        oldest = stretch.manifest.journal_base if stretch.to_head else oldest
    return oldest


def newest_snapshot(store: Store, current: Current) -> NewestSnapshot:
    """The snapshot in force, as who has nothing yet or cannot follow begins with it."""
    return NewestSnapshot(
        snapshot_id=current.snapshot_id,
        location=store.snapshot_location(current.snapshot_id),
        sequence=current.journal_base,
        published_at=current.published_at,
    )


async def _refs_after(store: Store, current: Current, sequence: int) -> list[SegmentRef]:
    """Segments that follow each other to the head, beginning no later than with the change after ``sequence``.

    Raises:
        TooFarBehind: nothing in storage names them any more.
    """
    refs, base, snapshot_id = list(current.segments), current.journal_base, current.snapshot_id
    while base > sequence:
        manifest = await _manifest(store, snapshot_id)
        if manifest is None or not leads_here(manifest):
            raise TooFarBehind(sequence, newest_snapshot(store, current))
        refs = [*manifest.journal, *refs]
        base = refs[0].first - 1 if refs else base
        older = manifest.compacted_from or manifest.previous
        snapshot_id = older if older and older < snapshot_id else ""
    return refs


async def _manifest(store: Store, snapshot_id: str) -> Manifest | None:
    """The manifest, or None where it was removed or cannot be understood; then nothing is known of what went before."""
    try:
        return await store.manifest(snapshot_id) if snapshot_id else None
    except (BlobMissing, BlobCorrupt):
        return None


async def _read(store: Store, current: Current, refs: Sequence[SegmentRef], sequence: int) -> list[Segment]:
    """The segments, of which the first has the change after ``sequence``.

    Raises:
        TooFarBehind: one is damaged, and the snapshot in force makes up for it.
        JournalDamaged: one is damaged, and nothing makes up for it yet.
    """
    try:
        begins = refs[0].first if refs else current.journal_head + 1
        if begins > sequence + 1:
            raise JournalDamaged(sequence + 1, f"the next change is {begins:,}")
        return await read_segments(store, refs, linked=False)
    except JournalDamaged as damage:
        if damage.sequence <= current.journal_base:
            raise TooFarBehind(sequence, newest_snapshot(store, current)) from damage
        raise


def _told(change: Change, head: SegmentHead) -> FeedChange:
    return FeedChange(
        sequence=change.sequence,
        table=change.table,
        key=change.key,
        before=change.before,
        after=change.after,
        seen_at=head.committed_at,
        cause=head.cause,
        operations=head.operations,
    )
