"""A replica brought up to the state in force: segments where they lead there, the snapshot where they do not."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

from connector.access.staged import FACTS
from connector.access.tables import TABLES
from connector.incremental.replica.database import Position, Replica
from connector.journal.errors import JournalDamaged, SnapshotUnusable
from connector.journal.states import check_usable, manifest_of, read_segments, segments_after
from connector.storage import Store
from connector.storage.errors import BlobCorrupt, BlobMissing
from connector.storage.records import Current, Manifest, SegmentRef, SnapshotPart

_DOWNLOADS_AT_ONCE = 4


async def bring_up(store: Store, replica: Replica, current: Current) -> None:
    """Let ``replica`` hold the state that ``current`` describes. Nothing happens where it does already.

    Where the segments that are missing are known, by their hashes, to follow what it holds, they are applied, be it across a
    compaction; otherwise the snapshot is downloaded, checked and loaded first.

    Raises:
        SnapshotUnusable: the snapshot is not what its manifest says, or has no fact tables.
        JournalDamaged: a segment is missing, corrupt, or does not follow the one before.
        StorageError: storage cannot be read now.
    """
    missing = await _missing(store, replica.position, current)
    if missing is None:
        await _load(store, replica, current)
        missing = current.segments
    elif replica.position and replica.position.snapshot_id != current.snapshot_id:
        await asyncio.to_thread(replica.follow, current.snapshot_id)
    await _apply(store, replica, missing)
    held = replica.position
    if held is None or (held.sequence, held.last_segment) != (current.journal_head, current.last_segment):
        await asyncio.to_thread(replica.clear)
        raise JournalDamaged(current.journal_head, "the segments do not lead to the head that current.json names")


async def _missing(store: Store, position: Position | None, current: Current) -> Sequence[SegmentRef] | None:
    """The segments that lead from ``position`` to ``current``, or None where none are known to."""
    if position is None:
        return None
    segments = current.segments
    if position.snapshot_id != current.snapshot_id:
        manifest = await manifest_of(store, current.snapshot_id)
        if manifest.compacted_from != position.origin:
            return None
        segments = (*manifest.journal, *segments)
    if position.last_segment == current.last_segment:
        return ()
    missing = segments_after(segments, position.last_segment)
    if missing is None and segments and segments[0].first == position.sequence + 1:
        return segments  # applying checks that the first one follows
    return missing


async def _apply(store: Store, replica: Replica, refs: Sequence[SegmentRef]) -> None:
    try:
        segments = await read_segments(store, refs, facts=True)
        for segment, ref in zip(segments, refs, strict=True):
            await asyncio.to_thread(replica.apply, segment, ref)
    except JournalDamaged:
        await asyncio.to_thread(replica.clear)  # whichever of the two is wrong, they do not fit
        raise


async def _load(store: Store, replica: Replica, current: Current) -> None:
    manifest = await manifest_of(store, current.snapshot_id)
    check_usable(manifest)
    before = current.last_segment
    if current.segments:
        first = (await read_segments(store, current.segments[:1]))[0]
        before = first.head.previous
    folder = Path(mkdtemp(prefix="snapshot-", dir=replica.folder))
    try:
        files = await _download(store, manifest, folder)
        await asyncio.to_thread(replica.load, Position.of(manifest, before), manifest, files)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _download(store: Store, manifest: Manifest, folder: Path) -> dict[str, Path]:
    """Every part of the snapshot, checked, by its name."""
    limit = asyncio.Semaphore(_DOWNLOADS_AT_ONCE)
    held = [manifest.facts.get(table.name) for table in FACTS] + [manifest.tables.get(table.name) for table in TABLES]
    parts = [part for facts in held if facts for part in facts.parts]
    files = {part.name: folder / f"{number}.parquet" for number, part in enumerate(parts)}

    async def fetch(part: SnapshotPart) -> None:
        async with limit:
            try:
                await store.download_snapshot_part(manifest.snapshot_id, part, files[part.name])
            except BlobMissing as error:
                raise SnapshotUnusable(manifest.snapshot_id, f"{part.name} is missing") from error
            except BlobCorrupt as error:
                raise SnapshotUnusable(manifest.snapshot_id, f"{part.name} is not what the manifest says") from error

    await asyncio.gather(*(fetch(part) for part in parts))
    return files
