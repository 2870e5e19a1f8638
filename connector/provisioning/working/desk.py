"""A line and its bundles, as they are being worked on: read once, changed in memory, written under ``If-Match``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from connector.provisioning.asking.lines import KEPT_S
from connector.provisioning.working.choosing import in_order
from connector.storage.documents import Held
from connector.storage.errors import Conflict, StorageError
from connector.storage.operation_ids import bundle_of, is_operation_id
from connector.storage.operations import Operations
from connector.storage.records import Bundle, Line, Operation, Place

_WRITES_AT_ONCE = 16


class Overtaken(StorageError):
    """Somebody else has changed the operation ``operation_id`` meanwhile: it was cancelled, or another worker is at it."""

    transient = True

    def __init__(self, operation_id: str) -> None:
        self.operation_id = operation_id
        super().__init__(f"Operation {operation_id} was changed by somebody else meanwhile.", "It is read again.")


class Desk:
    """What is known of a line, and of the operations that stand in it.

    Changes of operations are kept until :meth:`save`; changes of the line are written at once.

    Attributes:
        name: of the line.
        promised: when the line is due, as it was written here last; None where nothing was, or nothing is to be done.
    """

    def __init__(self, operations: Operations, name: str, line: Held[Line]) -> None:
        self.name = name
        self.promised: datetime | None = None
        self._operations = operations
        self._line: Held[Line] | None = line
        self._entitlement = line.record.entitlement
        self._held: dict[str, Held[Bundle]] = {}
        self._changed: dict[str, Operation] = {}

    @classmethod
    async def open(cls, operations: Operations, name: str) -> Desk | None:
        """The line with everything that stands in it, or None where there is no such line."""
        held = await operations.line(name)
        if held is None:
            return None
        desk = cls(operations, name, held)
        await desk._read_bundles()
        return desk

    @property
    def entitlement(self) -> str:
        """Of the line."""
        return self._entitlement

    @property
    def line(self) -> Line | None:
        """The line, as it was last seen; None where it is gone, because nothing waits in it."""
        return self._line.record if self._line else None

    def ordered(self) -> list[Operation]:
        """The operations of the line in their order, with all changes."""
        if self._line is None:
            return []
        bundles = {id_: held.record for id_, held in self._held.items()}
        return [self._changed.get(one.id, one) for one in in_order(self._line.record.places, bundles)]

    def operation(self, operation_id: str) -> Operation:
        """One of the operations of the line, with all changes.

        Raises:
            Overtaken: it stands there no longer.
        """
        return self._changed.get(operation_id) or self._written(operation_id)

    def put(self, changed: Iterable[Operation]) -> None:
        """Change operations. Nothing is written yet."""
        for one in changed:
            if one != self.operation(one.id):
                self._changed[one.id] = one

    async def save(self) -> None:
        """Write every operation that has changed, one write a bundle.

        Raises:
            Overtaken: somebody else has changed one of them meanwhile. That one is as they wrote it; the others are written.
        """
        by_bundle: dict[str, list[Operation]] = {}
        for one in self._changed.values():
            by_bundle.setdefault(bundle_of(one.id), []).append(one)
        limit = asyncio.Semaphore(_WRITES_AT_ONCE)

        async def write(bundle: str, changed: Sequence[Operation]) -> list[str]:
            async with limit:
                return await self._save_bundle(bundle, changed)

        overtaken = await asyncio.gather(*(write(*item) for item in by_bundle.items()))
        self._changed.clear()
        for operation_id in (one for found in overtaken for one in found):
            raise Overtaken(operation_id)

    async def refresh(self) -> None:
        """Read the line again, and what has come into it. What has changed and is not saved is forgotten."""
        self._changed.clear()
        self._line = await self._operations.line(self.name)
        await self._read_bundles()

    async def reread(self) -> None:
        """Read everything again."""
        self._held.clear()
        await self.refresh()

    async def change_line(self, change: Callable[[Line], Line]) -> None:
        """Write the line as ``change`` makes it, whatever comes into it meanwhile; remove it where nothing is left in it."""
        while self._line is not None:
            held, changed = self._line, change(self._line.record)
            try:
                if not changed.places and not changed.expiries:
                    await self._operations.remove_line(self.name, held)
                    self._line = self.promised = None
                elif changed != held.record:
                    self._line = await self._operations.replace_line(self.name, changed, held)
                    self.promised = changed.due
            except Conflict:
                self._line = await self._operations.line(self.name)
                await self._read_bundles()
            else:
                return

    def is_taken(self, place: Place, now: datetime) -> bool:
        """Whether anybody stands at a place, or may be about to."""
        its = self._standing_at(place)
        unsettled = any(one.status.open or not one.journalled or one.audited < len(one.events) for one in its)
        return unsettled or self.is_only_named(place, now)

    def is_only_named(self, place: Place, now: datetime) -> bool:
        """Whether a place was taken a moment ago for what is not there yet: it is written afterwards."""
        if now - place.at >= timedelta(seconds=KEPT_S):
            return False
        return not any(one.status.open for one in self._standing_at(place)) and (
            is_operation_id(place.id) or place.id not in self._held
        )

    def _standing_at(self, place: Place) -> list[Operation]:
        held = self._held.get(bundle_of(place.id))
        its = held.record.operations if held else ()
        if is_operation_id(place.id):
            its = tuple(one for one in its if one.id == place.id)
        return [self._changed.get(one.id, one) for one in its]

    def _written(self, operation_id: str) -> Operation:
        held = self._held.get(bundle_of(operation_id))
        if held is None:  # its place in the line is free already: somebody else has seen to it
            raise Overtaken(operation_id)
        return next(one for one in held.record.operations if one.id == operation_id)

    async def _read_bundles(self) -> None:
        """Read what stands in the line and is not known yet, and forget what does not."""
        named = {bundle_of(place.id) for place in self._line.record.places} if self._line else set()
        known = {id_: held for id_, held in self._held.items() if id_ in named}
        # what waits for a revived operation may have been read before that was written
        revived = (
            {bundle_of(place.id) for place in self._line.record.places if is_operation_id(place.id)}
            if self._line
            else set()
        )
        self._held = known | await self._operations.bundles(sorted((named - set(known)) | revived))

    async def _save_bundle(self, bundle: str, changed: Sequence[Operation]) -> list[str]:
        """Write one bundle; the ids of the operations that somebody else has changed."""
        overtaken: list[str] = []
        ours = {one.id: (self._written(one.id), one) for one in changed}
        while ours:
            held = self._held[bundle]
            for id_, (before, after) in list(ours.items()):
                if self._written(id_) not in (before, after):
                    overtaken.append(id_)
                    del ours[id_]
            its = tuple(ours[one.id][1] if one.id in ours else one for one in held.record.operations)
            try:
                written = await self._operations.replace_bundle(replace(held.record, operations=its), held)
            except Conflict:
                fresh = await self._operations.bundle(bundle)
                if fresh is None:
                    raise
                self._held[bundle] = fresh
            else:
                self._held[bundle] = written
                return overtaken
        return overtaken
