"""Changes by sequence, for downstream systems. Nothing here needs DuckDB."""

from __future__ import annotations

from connector.journal.errors import AheadOfJournal, CannotFollow, NotBegun
from connector.journal.feed import MOST_CHANGES, Page, changes_after, newest_snapshot
from connector.query.errors import NothingSynced
from connector.settings import Settings
from connector.storage import StorageError, open_store

__all__ = ["MOST_CHANGES", "AheadOfJournal", "CannotFollow", "NothingSynced", "Page", "StorageError", "read_changes"]


async def read_changes(settings: Settings, after: int | None, limit: int) -> Page:
    """At most ``limit`` changes after the sequence ``after``.

    Raises:
        NothingSynced: no snapshot is in force.
        CannotFollow: ``after`` is None, too far behind or ahead of the journal; it names the snapshot to begin anew with.
        JournalDamaged: a segment after the snapshot in force is missing or corrupt.
        StorageError: storage cannot be read.
    """
    async with open_store(settings) as store:
        held = await store.current()
        if held is None:
            raise NothingSynced
        if after is None:
            raise NotBegun(newest_snapshot(store, held.record))
        return await changes_after(store, held.record, after, limit)
