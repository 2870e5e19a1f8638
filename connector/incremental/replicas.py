"""The replica of a process, for the rounds of all lanes: brought up and derived from by one at a time."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from connector.incremental.facts import Known, Reading
from connector.journal.states import manifest_of
from connector.settings import Settings
from connector.storage import Current, Manifest, Store
from connector.storage.journal import Segment
from connector.storage.records import SegmentRef

if TYPE_CHECKING:
    from connector.incremental.deriving import Derived
    from connector.incremental.replica import Replica


class SharedReplica:
    """A replica in ``folder``, opened by the first who needs it. What blocks runs in threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = asyncio.Lock()
        self._replica: Replica | None = None
        self._manifest: Manifest | None = None

    async def known(self, store: Store, current: Current) -> Known:
        """What the state in force says, once the replica holds what ``current`` describes. It may move on later.

        Raises:
            SnapshotUnusable, JournalDamaged: there is no such state.
            StorageError: it cannot be read now.
        """
        async with self._lock:
            return await self._bring_up(store, current)

    async def derive(
        self, store: Store, current: Current, reading: Reading, settings: Settings, now: datetime
    ) -> Derived:
        """What ``reading`` changes of the state that ``current`` describes; raises like :meth:`known`."""
        from connector.incremental.deriving import derive

        async with self._lock:
            replica = await self._bring_up(store, current)
            return await asyncio.to_thread(derive, replica, reading, settings, now=now)

    async def apply(self, segment: Segment, ref: SegmentRef) -> None:
        """Move forward by a segment that was just committed, unless somebody else's has to be fetched first."""
        async with self._lock:
            replica = self._replica
            if replica and replica.position and replica.position.last_segment == segment.head.previous:
                await asyncio.to_thread(replica.apply, segment, ref)

    async def manifest(self, store: Store, current: Current) -> Manifest:
        """The manifest of the snapshot in force, read once for each.

        Raises:
            SnapshotUnusable: it has none that can be read.
            StorageError: it cannot be read now.
        """
        if self._manifest is None or self._manifest.snapshot_id != current.snapshot_id:
            self._manifest = await manifest_of(store, current.snapshot_id)
        return self._manifest

    async def close(self) -> None:
        """Let go of the files."""
        async with self._lock:
            if self._replica is not None:
                await asyncio.to_thread(self._replica.close)
            self._replica = None

    async def _bring_up(self, store: Store, current: Current) -> Replica:
        from connector.incremental.replica import Replica, bring_up

        if self._replica is None:
            self._replica = await asyncio.to_thread(Replica, self._folder)
        await bring_up(store, self._replica, current)
        return self._replica
