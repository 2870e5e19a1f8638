"""The snapshot in force, from storage to tables that can be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from connector.access.tables import TABLES, Table
from connector.query.cache import SnapshotCache, user_cache_directory
from connector.query.errors import NothingSynced
from connector.query.snapshot import Snapshot
from connector.settings import Settings
from connector.storage import Manifest, open_store


@dataclass(frozen=True, slots=True)
class Opened:
    """A snapshot with its manifest. A context manager: leaving it closes the snapshot."""

    snapshot: Snapshot
    manifest: Manifest

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.snapshot.close()


async def open_current(settings: Settings, tables: Sequence[Table] = TABLES, cache: Path | None = None) -> Opened:
    """Open ``tables`` of the snapshot in force, by way of the files in ``cache`` (default: the user's cache folder).

    Raises:
        NothingSynced: no snapshot is in force.
        SnapshotDamaged: what storage holds is not what the manifest says.
        StorageError: storage cannot be read.
    """
    async with open_store(settings) as store:
        held = await store.current()
        if held is None:
            raise NothingSynced
        manifest = await store.manifest(held.record.snapshot_id)
        folder = await SnapshotCache(cache or user_cache_directory()).fetch(store, manifest, tables)
    return Opened(Snapshot.open_directory(folder, tables), manifest)
