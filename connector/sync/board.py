"""The checkpoints of one sync as this process knows them, and every write of them."""

from __future__ import annotations

from collections.abc import Mapping

from connector.storage import Held, Store
from connector.storage.records import Checkpoint


class Board:
    """Checkpoints of one sync. What has not changed is not read again.

    Args:
        store: where they are.
        sync_id: whose they are.
        alone: no other process works on this sync, so what was written here is all there is.
    """

    def __init__(self, store: Store, sync_id: str, *, alone: bool) -> None:
        self._store = store
        self._sync_id = sync_id
        self._alone = alone
        self._known: dict[str, Held[Checkpoint]] = {}

    async def look(self) -> Mapping[str, Checkpoint]:
        """Every checkpoint by unit, as of now."""
        if not self._alone:
            self._known = await self._store.checkpoints(self._sync_id, self._known)
        return {unit: held.record for unit, held in sorted(self._known.items())}

    async def get(self, unit: str) -> Held[Checkpoint] | None:
        """The checkpoint of ``unit``, with what it takes to replace it."""
        return await self._store.checkpoint(self._sync_id, unit)

    async def put(self, checkpoint: Checkpoint, held: Held[Checkpoint] | None) -> Held[Checkpoint]:
        """Write a checkpoint if ``held`` is still what is there.

        Raises:
            Conflict: somebody else has written it meanwhile.
        """
        written = await self._store.replace_checkpoint(self._sync_id, checkpoint, held)
        self._known[checkpoint.unit] = written
        return written
