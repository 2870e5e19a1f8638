"""Removing what nobody needs any more: old snapshots, and what syncs that ended or died have left behind.

A snapshot that is removed is older than the one in force. Publishing never goes back, so it cannot be put in force any
more, whichever worker may still be awake; and because a reader holds on to what was in force when it asked, a snapshot stays
for a while after another one has replaced it. Of a sync nothing is removed as long as it may run.
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

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Removed:
    """Ids of what has been removed."""

    snapshots: tuple[str, ...]
    syncs: tuple[str, ...]


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
    if snapshots or syncs:
        log_event(_log, "cleaned_up", snapshots=", ".join(snapshots), syncs=", ".join(syncs))
    return Removed(snapshots, syncs)


async def _old_snapshots(store: Store, in_force: str, kept: int, now: datetime) -> tuple[str, ...]:
    """Of the snapshots before the one in force, those that are too many and that nobody reads any more.

    One without a manifest has never been in force, or is what an earlier removal has left; it does not count.
    """
    found = {one: whole for one, whole in (await store.snapshots()).items() if one <= in_force}
    removable = [one for one, whole in found.items() if not whole and one != in_force]
    whole = sorted(one for one, whole in found.items() if whole)
    for snapshot_id, successor in pairwise(whole[: max(0, len(whole) - kept + 1)]):
        if await _readers_are_gone(store, successor, now):
            removable.append(snapshot_id)
    return tuple(sorted(removable))


async def _readers_are_gone(store: Store, successor: str, now: datetime) -> bool:
    """Whether whoever began to read the snapshot before ``successor`` must have ended."""
    try:
        return now - (await store.manifest(successor)).published_at >= READER_GRACE
    except (BlobMissing, BlobCorrupt):
        return False  # removed meanwhile, or written by a newer version; what it says is not known


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
