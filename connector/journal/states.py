"""Which state holds, now or at a moment in the past: a snapshot, and the journal segments to replay on it.

Snapshots of full syncs form a chain, newest first: each manifest names its predecessor (``previous``) and the segments that lead
from there to itself (``journal``). A compacted snapshot stands between a sync's snapshot (``compacted_from``) and the
segments that followed; its ``journal`` holds those that it has folded in. So the state at any moment is the newest snapshot
of that time and a prefix of the segments after it, all of which are named.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise, takewhile

from connector.journal.errors import BeforeHistory, JournalDamaged, SnapshotUnusable
from connector.storage import Manifest, Store
from connector.storage.errors import BlobCorrupt, BlobMissing
from connector.storage.journal import Segment
from connector.storage.records import SCHEMA_VERSION, Current, SegmentRef

_READS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class State:
    """A snapshot and what to replay on it.

    Attributes:
        segments: in order; together they lead from ``manifest.journal_base`` to ``sequence``.
        sequence: of the last change that the state includes.
        as_of: when the last of what it includes was committed.
    """

    manifest: Manifest
    segments: tuple[SegmentRef, ...]
    sequence: int
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Stretch:
    """A snapshot and the segments that follow it, as far as they follow each other.

    Attributes:
        to_head: whether they lead to the head of the journal, rather than to where a snapshot began anew.
    """

    manifest: Manifest
    segments: tuple[SegmentRef, ...]
    to_head: bool


async def state_in_force(store: Store, current: Current) -> State:
    """The state that ``current`` describes. Its segments are named, not read.

    Raises:
        BlobMissing, BlobCorrupt: the manifest of its snapshot is not there, or cannot be understood.
        JournalDamaged: the segments do not follow the snapshot.
    """
    return _state(await store.manifest(current.snapshot_id), current.segments)


async def state_at(store: Store, current: Current, at: datetime) -> State:
    """The state that was in force at the moment ``at``, going back from ``current``. Its segments are named, not read.

    Raises:
        BeforeHistory: storage has no snapshot that is old enough.
        JournalDamaged: the segments do not follow the snapshot.
        BlobMissing, BlobCorrupt: the manifest of the snapshot in force is not there, or cannot be understood.
    """
    begins = current.published_at
    async for stretch in stretches(store, current):
        begins = stretch.manifest.published_at
        if begins <= at:
            return _state(stretch.manifest, tuple(takewhile(lambda ref: ref.committed_at <= at, stretch.segments)))
    raise BeforeHistory(at, begins)


async def stretches(store: Store, current: Current) -> AsyncIterator[Stretch]:
    """The snapshots from which the state in force came about, each with what followed it, newest first.

    They end where storage has no older ones. Beside the snapshot in force, these are snapshots of full syncs.

    Raises:
        BlobMissing, BlobCorrupt: the manifest of the snapshot in force is not there, or cannot be understood.
    """
    manifest = await store.manifest(current.snapshot_id)
    segments, to_head = current.segments, True
    yield Stretch(manifest, segments, to_head)
    while (older := manifest.compacted_from or manifest.previous) and older < manifest.snapshot_id:
        if leads_here(manifest):
            segments = (*manifest.journal, *segments)
        else:
            segments, to_head = manifest.journal, False
        try:
            manifest = await store.manifest(older)
        except (BlobMissing, BlobCorrupt):
            return  # removed because it was old, or written by another version: what it says is not known
        yield Stretch(manifest, segments, to_head)


async def manifest_of(store: Store, snapshot_id: str) -> Manifest:
    """The manifest of the snapshot in force.

    Raises:
        SnapshotUnusable: it has none that can be understood.
        StorageError: storage cannot be read now.
    """
    try:
        return await store.manifest(snapshot_id)
    except (BlobMissing, BlobCorrupt) as damage:
        problem = f"its manifest is missing or damaged ({damage.sentence.removesuffix('.')})"
        raise SnapshotUnusable(snapshot_id, problem) from damage


def check_usable(manifest: Manifest) -> None:
    """Check that the state can go on from the snapshot of ``manifest``, whatever its files hold.

    Raises:
        SnapshotUnusable: it cannot.
    """
    if manifest.schema_version > SCHEMA_VERSION:
        raise SnapshotUnusable(manifest.snapshot_id, "it was written by a newer version")
    if not manifest.facts:
        raise SnapshotUnusable(manifest.snapshot_id, "it has no fact tables; an older version wrote it")


def leads_here(manifest: Manifest) -> bool:
    """Whether the journal of ``manifest`` leads from the snapshot before to this one, so that both lie on one line."""
    return manifest.continuous or manifest.compacted_from is not None


def segments_after(refs: Sequence[SegmentRef], sha256: str) -> Sequence[SegmentRef] | None:
    """Those of ``refs`` that come after the segment of this hash, or None where it is not among them."""
    return next((refs[place + 1 :] for place, ref in enumerate(refs) if ref.sha256 == sha256), None)


async def read_segments(
    store: Store, refs: Sequence[SegmentRef], *, facts: bool = False, linked: bool = True
) -> list[Segment]:
    """The segments that ``refs`` name, in order, with their facts if they are wanted.

    Args:
        refs: consecutive, such as those of a :class:`State`.
        linked: whether each is the very next segment after the one before; not so where those without changes are left out.

    Raises:
        JournalDamaged: one is missing, is not what was committed, or does not follow the one before it.
    """
    _check_sequences(refs)
    limit = asyncio.Semaphore(_READS_AT_ONCE)

    async def read(ref: SegmentRef) -> Segment:
        async with limit:
            return await _read(store, ref, facts=facts)

    # All are waited for, so that none still reads when the store is closed, and the first in order is the one that is told.
    results = await asyncio.gather(*(read(ref) for ref in refs), return_exceptions=True)
    segments = [_or_raise(result) for result in results]
    for (before, ref), segment in zip(pairwise(refs), segments[1:], strict=True):
        if linked and segment.head.previous != before.sha256:
            raise JournalDamaged(ref.first, f"{store.segment_name(ref)} does not follow {store.segment_name(before)}")
    return segments


async def _read(store: Store, ref: SegmentRef, *, facts: bool) -> Segment:
    try:
        return await store.segment(ref, facts=facts)
    except BlobMissing as error:
        raise JournalDamaged(ref.first, f"{error.name} is missing") from error
    except BlobCorrupt as error:
        raise JournalDamaged(ref.first, f"{error.name} is corrupt, {error.problem}") from error


def _or_raise(result: Segment | BaseException) -> Segment:
    if isinstance(result, BaseException):
        raise result
    return result


def _check_sequences(refs: Sequence[SegmentRef]) -> None:
    for before, ref in pairwise(refs):
        if ref.first != before.last + 1:
            raise JournalDamaged(before.last + 1, f"the next segment begins with {ref.first:,}")


def _state(manifest: Manifest, segments: tuple[SegmentRef, ...]) -> State:
    if segments and segments[0].first != manifest.journal_base + 1:
        raise JournalDamaged(manifest.journal_base + 1, f"the first segment begins with {segments[0].first:,}")
    return State(
        manifest=manifest,
        segments=segments,
        sequence=segments[-1].last if segments else manifest.journal_base,
        as_of=max(manifest.published_at, segments[-1].committed_at) if segments else manifest.published_at,
    )
