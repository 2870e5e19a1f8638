"""Removing what nobody needs any more: old snapshots, segments that lead to none of them, and what syncs have left behind.

A snapshot that is removed is older than the one in force. Publishing never goes back, so it cannot be put in force any
more, whichever worker may still be awake; and because a reader holds on to what was in force when it asked, a snapshot stays
for a while after another one has replaced it. Of a sync nothing is removed as long as it may run.

Snapshots of full syncs are history: so many of them are kept, and every segment that leads from one to the next, so that the state
at any moment since the oldest of them can be told. What compaction makes only saves replaying; it goes once it was replaced.
Compaction never goes back either: it puts no snapshot in force that is older than the one that is.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from connector.logs import log_event
from connector.settings import Settings
from connector.storage import Store
from connector.storage.errors import BlobCorrupt, BlobMissing
from connector.sync.ids import is_sync_id, requested_at

READER_GRACE = timedelta(hours=1)
"""How long after its replacement a snapshot can still be in use: the longest that reading one should take, with a margin."""

COMMIT_GRACE = timedelta(hours=1)
"""How long after it was written a segment may still be put in force: far longer than any lease under which a commit is made."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Removed:
    """Ids of what has been removed; of segments, the names of their blobs."""

    snapshots: tuple[str, ...]
    syncs: tuple[str, ...]
    segments: tuple[str, ...] = ()


async def remove_old(store: Store, settings: Settings, now: datetime) -> Removed:
    """Remove what the settings do not keep. Stopped anywhere, it goes on when it is called again.

    Raises:
        StorageError: storage refused.
    """
    held = await store.current()
    snapshots: tuple[str, ...] = ()
    if held is not None:
        snapshots = await _old_snapshots(store, held.record.snapshot_id, settings.snapshots_kept, now)
    syncs = await _old_syncs(store, timedelta(hours=settings.staging_hours), now)
    for snapshot_id in snapshots:
        await store.remove_snapshot(snapshot_id)
    for sync_id in syncs:
        await store.remove_sync(sync_id)
    segments = await _old_segments(store, now)  # after the snapshots that named them
    for name in segments:
        await store.remove_segment(name)
    if snapshots or syncs or segments:
        log_event(_log, "cleaned_up", snapshots=", ".join(snapshots), syncs=", ".join(syncs), segments=len(segments))
    return Removed(snapshots, syncs, segments)


async def _old_snapshots(store: Store, in_force: str, kept: int, now: datetime) -> tuple[str, ...]:
    """Of the snapshots before the one in force, those that are too many and that nobody reads any more.

    One without a manifest has never been in force, or is what an earlier removal has left; it does not count.
    """
    found = {one: whole for one, whole in (await store.snapshots()).items() if one <= in_force}
    removable = [one for one, whole in found.items() if not whole and one != in_force]
    whole = sorted(one for one, whole in found.items() if whole)
    full = [one for one in whole if is_sync_id(one)]
    replaced = [*pairwise(full[: max(0, len(full) - kept + 1)])]
    replaced += [(one, successor) for one, successor in pairwise(whole) if not is_sync_id(one)]
    for snapshot_id, successor in replaced:
        if await _readers_are_gone(store, successor, now):
            removable.append(snapshot_id)
    return tuple(sorted(removable))


async def _readers_are_gone(store: Store, successor: str, now: datetime) -> bool:
    """Whether whoever began to read the snapshot before ``successor`` must have ended."""
    try:
        return now - (await store.manifest(successor)).published_at >= READER_GRACE
    except (BlobMissing, BlobCorrupt):
        return False  # removed meanwhile, or written by a newer version; what it says is not known


async def _old_segments(store: Store, now: datetime) -> tuple[str, ...]:
    """The segments that are not young and that neither ``current.json`` nor a manifest names: of snapshots that are gone, and
    of rounds that died before they could commit them."""
    written = await store.segments_written()  # before it is asked what counts, which may become more
    old = [name for name, at in written.items() if now - at >= COMMIT_GRACE]
    held = await store.current() if old else None
    if held is None:
        return ()
    refs = list(held.record.segments)
    for snapshot_id, whole in (await store.snapshots()).items():
        try:
            refs += (await store.manifest(snapshot_id)).journal if whole else ()
        except BlobMissing:
            continue  # removed meanwhile
        except BlobCorrupt:
            return ()  # what it names is not known
    named = {store.segment_name(ref) for ref in refs}
    return tuple(name for name in old if name not in named)


async def _old_syncs(store: Store, kept: timedelta, now: datetime) -> tuple[str, ...]:
    """The syncs of which nothing has been heard for ``kept``, but never the one that may run or ran last."""
    running = await store.running()
    latest = running.record.sync_id if running else None
    old = []
    for sync_id in await store.sync_ids():
        if sync_id == latest or not is_sync_id(sync_id) or now - requested_at(sync_id) < kept:
            continue
        progress = await store.progress(sync_id)
        if progress is None or now - max(progress.updated_at, progress.alive_until) >= kept:
            old.append(sync_id)
    return tuple(old)
