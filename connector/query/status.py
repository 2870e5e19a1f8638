"""How fresh the picture is, how much it holds, what is missing in it, and what the newest sync is doing."""

from __future__ import annotations

from datetime import datetime

import msgspec

from connector.access.tables import TABLES
from connector.settings import Settings
from connector.storage import Manifest, Progress, Store, open_store


class SnapshotStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The snapshot in force. ``age_seconds``: since its sync began, which is the moment that it is a picture of."""

    snapshot_id: str
    started_at: datetime
    published_at: datetime
    age_seconds: float
    location: str
    tables: dict[str, int]
    incomplete: dict[str, str]
    left_out: dict[str, int]
    warnings: tuple[str, ...]
    settings: dict[str, str]


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """``snapshot`` is None before the first sync is published; ``last_sync`` is the running or else the last sync."""

    tenant_id: str
    snapshot: SnapshotStatus | None
    last_sync: Progress | None


async def read_status(settings: Settings, now: datetime) -> Status:
    """The status as of ``now``, which must know its time zone.

    Raises:
        StorageError: storage cannot be read.
    """
    async with open_store(settings) as store:
        current = await store.current()
        snapshot = None
        if current is not None:
            manifest = await store.manifest(current.record.snapshot_id)
            snapshot = _snapshot_status(manifest, store, now)
        return Status(tenant_id=settings.tenant_id, snapshot=snapshot, last_sync=await _last_sync(store))


async def _last_sync(store: Store) -> Progress | None:
    running = await store.running()
    return await store.progress(running.record.sync_id) if running else None


def _snapshot_status(manifest: Manifest, store: Store, now: datetime) -> SnapshotStatus:
    return SnapshotStatus(
        snapshot_id=manifest.snapshot_id,
        started_at=manifest.started_at,
        published_at=manifest.published_at,
        age_seconds=(now - manifest.started_at).total_seconds(),
        location=store.snapshot_location(manifest.snapshot_id),
        tables={table.name: manifest.tables[table.name].rows for table in TABLES if table.name in manifest.tables},
        incomplete=manifest.incomplete,
        left_out=manifest.left_out,
        warnings=manifest.warnings,
        settings=manifest.settings,
    )
