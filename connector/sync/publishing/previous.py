"""The state in force while a new snapshot is made: a snapshot on the local disk, and what the journal says after it.

What it says stays where nothing new could be read, and what the new snapshot does not say alike is drift.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from connector.journal.errors import JournalDamaged, SnapshotUnusable
from connector.journal.replay import RowChange
from connector.journal.states import check_usable, leads_here, read_segments, segments_after, state_in_force
from connector.logs import log_event
from connector.storage import Store
from connector.storage.errors import BlobCorrupt, BlobMissing
from connector.storage.journal import Segment
from connector.storage.records import Current, Manifest, SegmentRef, Sync, TableFacts

_log = logging.getLogger(__name__)

_WINDOW_BYTES = 8 << 20
"""Segments that are read at a time: as JSON objects they take some ten times as much memory."""

Key = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Previous:
    """A snapshot on the local disk and the journal after it.

    Attributes:
        files: the parts of its tables, by table.
        facts: those of its fact tables.
        changes: what became of rows of tables since, in order.
        fact_changes: the same of fact tables.
        touched: keys of facts that the journal has touched since the sync that is published began, by fact table.
    """

    manifest: Manifest
    files: Mapping[str, Path]
    facts: Mapping[str, Path]
    changes: Sequence[RowChange] = ()
    fact_changes: Sequence[RowChange] = ()
    touched: Mapping[str, Collection[Key]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Damage:
    """Why the state in force cannot be used, as a sentence."""

    sentence: str


async def fetch_previous(store: Store, current: Current | None, sync: Sync, folder: Path) -> Previous | Damage | None:
    """The state in force when ``sync`` is published, in ``folder``. None where there is none.

    A damaged one is no reason not to publish a good one; it is logged.

    Raises:
        StorageError: storage cannot be read now.
    """
    if current is None:
        return None
    try:
        return await fetch_state(store, current, folder, sync)
    except (BlobMissing, BlobCorrupt, JournalDamaged, SnapshotUnusable) as damage:
        log_event(
            _log, "previous_unusable", level=logging.WARNING, snapshot_id=current.snapshot_id, problem=str(damage)
        )
        what = "journal after it" if isinstance(damage, JournalDamaged) else "snapshot"
        return Damage(f"Of the state in force until now, {current.snapshot_id}, the {what} is damaged")


async def fetch_state(store: Store, current: Current, folder: Path, sync: Sync | None = None) -> Previous:
    """The state that ``current`` describes, in ``folder``.

    Args:
        sync: whose facts that were touched since it began are wanted.

    Raises:
        BlobMissing, BlobCorrupt, JournalDamaged, SnapshotUnusable: it is damaged.
        StorageError: storage cannot be read now.
    """
    state = await state_in_force(store, current)
    manifest = state.manifest
    if state.sequence != current.journal_head:
        raise JournalDamaged(state.sequence + 1, f"its last segment is not that of {current.journal_head:,}")
    check_usable(manifest)
    files = await _download(store, manifest.snapshot_id, manifest.tables, folder, "previous")
    facts = await _download(store, manifest.snapshot_id, manifest.facts, folder, "known")
    since = await _since(store, manifest, current, sync) if sync else []
    touched: dict[str, set[Key]] = {}
    changes: list[RowChange] = []
    fact_changes: list[RowChange] = []
    young = {ref.sha256 for ref in since}
    async for ref, segment in _read(store, state.segments):
        changes += (RowChange(one.table, one.key, one.after) for one in segment.changes)
        fact_changes += (RowChange(one.table, one.key, one.after) for one in segment.facts)
        if ref.sha256 in young:
            _note(touched, segment)
    await _note_folded(store, [ref for ref in since if ref not in state.segments], touched)
    return Previous(manifest, files, facts, changes, fact_changes, touched)


async def _since(store: Store, manifest: Manifest, current: Current, sync: Sync) -> Sequence[SegmentRef]:
    """The segments that were committed since ``sync`` began, folded into snapshots meanwhile or not.

    Where the last one before cannot be found any more, those are left out that cannot be told from older ones.
    """
    if current.last_segment == sync.last_segment:
        return []
    refs = list(current.segments)
    while (since := segments_after(refs, sync.last_segment)) is None and leads_here(manifest):
        refs = [*manifest.journal, *refs]
        try:
            manifest = await store.manifest(manifest.compacted_from or manifest.previous or "")
        except (BlobMissing, BlobCorrupt):
            since = segments_after(refs, sync.last_segment)
            break
    if since is not None:
        return since
    return refs if not sync.last_segment else _certainly_after(refs, sync.journal_head)


def _certainly_after(refs: Sequence[SegmentRef], head: int) -> Sequence[SegmentRef]:
    return next((refs[place:] for place, ref in enumerate(refs) if ref.last > head), [])


async def _note_folded(store: Store, refs: Sequence[SegmentRef], touched: dict[str, set[Key]]) -> None:
    """Their changes are in the snapshot. Should one be damaged, what it touched is as listed until the cursors tell."""
    try:
        async for _, segment in _read(store, refs):
            _note(touched, segment)
    except JournalDamaged as damage:
        log_event(_log, "overlay_incomplete", level=logging.WARNING, problem=damage.sentence)


def _note(touched: dict[str, set[Key]], segment: Segment) -> None:
    for fact in segment.facts:
        touched.setdefault(fact.table, set()).add(fact.key)


async def _read(store: Store, refs: Sequence[SegmentRef]) -> AsyncIterator[tuple[SegmentRef, Segment]]:
    """The segments in order, some at a time; each must be the very next after the one before.

    Raises:
        JournalDamaged: one is not.
    """
    before: list[SegmentRef] = []
    for window in _windows(refs):
        segments = await read_segments(store, [*before, *window], facts=True)
        for ref, segment in zip(window, segments[len(before) :], strict=True):
            yield ref, segment
        before = window[-1:]


def _windows(refs: Sequence[SegmentRef]) -> Iterator[list[SegmentRef]]:
    window: list[SegmentRef] = []
    for ref in refs:
        if window and sum(one.bytes for one in window) + ref.bytes > _WINDOW_BYTES:
            yield window
            window = []
        window.append(ref)
    if window:
        yield window


async def _download(
    store: Store, snapshot_id: str, tables: Mapping[str, TableFacts], folder: Path, prefix: str
) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for table, held in tables.items():
        [part] = held.parts
        path = files[table] = folder / f"{prefix}--{table}.parquet"
        await store.download_snapshot_part(snapshot_id, part, path)
    return files
