"""The state in force, now or at a moment in the past, from storage to tables that can be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from connector.access.tables import TABLES, Table
from connector.journal.replay import RowChange
from connector.journal.states import State, read_segments, state_at, state_in_force
from connector.query.cache import SnapshotCache, user_cache_directory
from connector.query.errors import NothingSynced
from connector.query.snapshot import Snapshot
from connector.settings import Settings
from connector.storage import Manifest, open_store


@dataclass(frozen=True, slots=True)
class Opened:
    """A state, ready to be asked. A context manager: leaving it closes the snapshot.

    Attributes:
        snapshot: the tables of the snapshot with the journal replayed on them.
        state: which snapshot that is, and until where the journal was replayed.
    """

    snapshot: Snapshot
    state: State

    @property
    def manifest(self) -> Manifest:
        """The manifest of the snapshot, without what the journal says."""
        return self.state.manifest

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.snapshot.close()


async def open_current(
    settings: Settings, tables: Sequence[Table] = TABLES, cache: Path | None = None, at: datetime | None = None
) -> Opened:
    """Open ``tables`` of the state in force, by way of the snapshot's files in ``cache`` (default: the user's cache folder).

    Args:
        at: the state of this moment in the past instead, which must know its time zone.

    Raises:
        NothingSynced: no snapshot is in force.
        BeforeHistory: storage knows nothing of ``at`` any more.
        SnapshotDamaged: what storage holds is not what the manifest says.
        JournalDamaged: a segment that was committed is missing or corrupt.
        StorageError: storage cannot be read.
    """
    async with open_store(settings) as store:
        held = await store.current()
        if held is None:
            raise NothingSynced
        state = await (state_at(store, held.record, at) if at else state_in_force(store, held.record))
        segments = await read_segments(store, state.segments)
        folder = await SnapshotCache(cache or user_cache_directory()).fetch(store, state.manifest, tables)
    changes = (RowChange(one.table, one.key, one.after) for segment in segments for one in segment.changes)
    return Opened(Snapshot.open_directory(folder, tables, changes), state)
