"""What is kept about operations, as typed operations of one tenant: bundles, lines, keys, counts, the policy, and the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from connector.storage.blobs import Blobs
from connector.storage.documents import Documents, Held, encode
from connector.storage.errors import Conflict
from connector.storage.names import OPERATIONS_QUEUE, Names
from connector.storage.operation_ids import is_day
from connector.storage.queues import Queues
from connector.storage.records import (
    Alone,
    AskedBefore,
    Bundle,
    DeadLetter,
    HourlyCount,
    Line,
    LineMessage,
    RequestMessage,
)

_READS_AT_ONCE = 16
_DUE = "due"


@dataclass(frozen=True, slots=True)
class DueLine:
    """A line as a list shows it: when there is something to do (None: at once), and when it was last written."""

    name: str
    due: datetime | None
    written: datetime


class Operations:
    """Every method raises :class:`~connector.storage.errors.StorageError`."""

    def __init__(self, blobs: Blobs, queues: Queues, names: Names) -> None:
        self._blobs = blobs
        self._documents = Documents(blobs)
        self._queues = queues
        self._names = names

    # --- bundles

    async def bundle(self, bundle: str) -> Held[Bundle] | None:
        """A bundle by its id, or None where there is none."""
        return await self._documents.read(self._names.bundle(bundle), Bundle)

    async def bundles(self, ids: Collection[str]) -> dict[str, Held[Bundle]]:
        """Those of some bundles that there are, by id."""
        limit = asyncio.Semaphore(_READS_AT_ONCE)

        async def read(bundle: str) -> Held[Bundle] | None:
            async with limit:
                return await self.bundle(bundle)

        found = await asyncio.gather(*(read(bundle) for bundle in ids))
        return {held.record.id: held for held in found if held}

    async def create_bundle(self, bundle: Bundle) -> Held[Bundle]:
        """Write a bundle; where it is there already, with whatever has happened since, that one."""
        try:
            return await self._documents.replace(self._names.bundle(bundle.id), bundle, None)
        except Conflict:
            held = await self.bundle(bundle.id)
            if held is None:
                raise
            return held

    async def replace_bundle(self, bundle: Bundle, held: Held[Bundle]) -> Held[Bundle]:
        """Replace a bundle, if ``held`` still is what is there. Raises Conflict otherwise."""
        return await self._documents.replace(self._names.bundle(bundle.id), bundle, held)

    async def days(self) -> list[str]:
        """The days on which anything was asked for, newest first."""
        days = [name async for name in self._blobs.folders(self._names.operations) if is_day(name)]
        return sorted(days, reverse=True)

    async def bundles_of(self, day: str) -> list[str]:
        """The ids of the bundles of a day, newest first."""
        prefix = self._names.bundles(day)
        names = [name async for name in self._blobs.list(prefix)]
        return sorted((name.removeprefix(prefix).removesuffix(".json") for name in names), reverse=True)

    # --- lines

    async def line(self, line: str) -> Held[Line] | None:
        """A line by its name (:func:`~connector.storage.names.line_name`), or None where nothing waits in it."""
        return await self._documents.read(self._names.line(line), Line)

    async def replace_line(self, name: str, line: Line, held: Held[Line] | None) -> Held[Line]:
        """Write a line, if ``held`` still is what is there (None: nothing was). Raises Conflict otherwise."""
        metadata = {_DUE: line.due.isoformat()} if line.due else {}
        return await self._documents.replace(self._names.line(name), line, held, metadata)

    async def remove_line(self, name: str, held: Held[Line]) -> None:
        """Delete a line, if ``held`` still is what is there. Raises Conflict otherwise."""
        await self._blobs.delete_unchanged(self._names.line(name), held.etag)

    async def lines(self) -> list[DueLine]:
        """All lines, from one list: none is read."""
        prefix = self._names.lines
        return [
            DueLine(name.removeprefix(prefix).removesuffix(".json"), _time(listed.metadata.get(_DUE)), listed.written)
            for name, listed in (await self._blobs.listed(prefix)).items()
        ]

    # --- what makes asking repeatable, and what limits it

    async def asked_before(self, key: str) -> Held[AskedBefore] | None:
        """What a key was used for, by its hash, or None."""
        return await self._documents.read(self._names.asked_before(key), AskedBefore)

    async def replace_asked_before(
        self, key: str, asked: AskedBefore, held: Held[AskedBefore] | None
    ) -> Held[AskedBefore]:
        """Note what a key was used for, if ``held`` still is what is there. Raises Conflict otherwise."""
        return await self._documents.replace(self._names.asked_before(key), asked, held)

    async def hourly_count(self, moment: datetime) -> Held[HourlyCount] | None:
        """How many operations were accepted in the hour of ``moment``."""
        return await self._documents.read(self._names.hour(moment), HourlyCount)

    async def replace_hourly_count(
        self, moment: datetime, count: HourlyCount, held: Held[HourlyCount] | None
    ) -> Held[HourlyCount]:
        """Count, if ``held`` still is what is there. Raises Conflict otherwise."""
        return await self._documents.replace(self._names.hour(moment), count, held)

    async def alone(self, name: str) -> Held[Alone] | None:
        """What was done last of what only one may do at a time, or None."""
        return await self._documents.read(self._names.alone(name), Alone)

    async def replace_alone(self, name: str, alone: Alone, held: Held[Alone] | None) -> Held[Alone]:
        """Note what is about to be done, if ``held`` still is what is there. Raises Conflict otherwise."""
        return await self._documents.replace(self._names.alone(name), alone, held)

    async def policy(self) -> bytes | None:
        """The policy as people wrote it, or None where there is none."""
        blob = await self._blobs.read(self._names.policy)
        return blob.data if blob else None

    # --- the queue

    async def send(self, message: LineMessage | RequestMessage, *, delay: float = 0) -> None:
        """Send a message to whoever works on operations, to be seen after ``delay`` seconds at the earliest."""
        await self._queues.send(OPERATIONS_QUEUE, msgspec.json.encode(message).decode(), delay=delay)

    async def send_again(self, letter: DeadLetter) -> None:
        """Send what was put aside as it came."""
        await self._queues.send(OPERATIONS_QUEUE, letter.text)

    async def create_dead_letter(self, letter: DeadLetter) -> None:
        """Keep a message for people; where it is kept already, nothing happens."""
        name = self._names.dead_letter(letter.id)
        try:
            await self._blobs.create(name, encode(letter))
        except Conflict:
            return  # delivered before

    async def dead_letter(self, id_: str) -> DeadLetter | None:
        """A message that was put aside, or None."""
        held = await self._documents.read(self._names.dead_letter(id_), DeadLetter)
        return held.record if held else None

    async def dead_letters(self) -> Sequence[DeadLetter]:
        """All messages that were put aside, newest first."""
        prefix = self._names.dead_letters
        ids = [name.removeprefix(prefix).removesuffix(".json") async for name in self._blobs.list(prefix)]
        found = [letter for letter in await asyncio.gather(*(self.dead_letter(id_) for id_ in ids)) if letter]
        return sorted(found, key=lambda letter: letter.at, reverse=True)

    async def remove_dead_letter(self, id_: str) -> None:
        """Delete a message that was put aside; that there is none is no error."""
        await self._blobs.delete(self._names.dead_letter(id_))


def _time(text: str | None) -> datetime | None:
    """When a line is due; at once where nobody can read it."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
