"""What only one may do at a time, beyond the time of whoever does it: until what was written shows, or is given up.

The guards of such operations count who is left, by reading. While Graph does not show yet what the one before has taken away, they would
count wrongly; so whoever comes next waits for it, whichever line it stands in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from connector.storage.documents import Held
from connector.storage.operation_ids import bundle_of
from connector.storage.operations import Operations
from connector.storage.records import Alone


@dataclass(frozen=True, slots=True)
class Before:
    """Operations that have been written under a name, and that nobody has seen yet. Read, and added to, under the lease of that name.

    Attributes:
        unseen: their ids.
    """

    name: str
    unseen: frozenset[str]
    _operations: Operations
    _held: Held[Alone] | None

    @classmethod
    async def read(cls, operations: Operations, name: str) -> Before:
        """What is known under ``name``. Raises StorageError."""
        held = await operations.alone(name)
        named = held.record.operations if held else ()
        bundles = await operations.bundles({bundle_of(one) for one in named})
        found = (one for bundle in bundles.values() for one in bundle.record.operations)
        unseen = frozenset(one.id for one in found if one.id in named and one.intended and one.status.open)
        return cls(name, unseen, operations, held)

    def waiting(self, ids: Iterable[str]) -> set[str]:
        """Those of ``ids`` that have to wait: all but what is unseen itself, which was decided before."""
        return set(ids) - self.unseen if self.unseen else set()

    async def add(self, ids: Collection[str]) -> None:
        """Note that ``ids`` are about to be written: before it is said in their records that they are.

        Raises:
            StorageError: that could not be noted, so they must not be.
        """
        record = Alone(operations=tuple(sorted({*self.unseen, *ids})))
        if self._held is None or self._held.record != record:
            await self._operations.replace_alone(self.name, record, self._held)
