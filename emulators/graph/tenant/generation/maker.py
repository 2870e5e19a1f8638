"""What the parts of the generator share: dice that depend on the seed only, and bulk inserts."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from emulators.graph.tenant.state import EPOCH, Rel, to_json
from emulators.graph.tenant.tenant import Tenant

DAY = 86_400
"""Seconds."""

_BATCH = 20_000
_DATES = [f"{EPOCH - timedelta(days=back):%Y-%m-%d}" for back in range(1, 5_002)]
"""The days before the epoch. Times are put together from these tables, because there are millions of them."""
_TIMES = [f"T{hour:02d}:{minute:02d}:" for hour in range(24) for minute in range(60)]
_SECONDS = [f"{second:02d}Z" for second in range(60)]
T = TypeVar("T")


class Dice(random.Random):
    """Random numbers for one part of a tenant, the same for the same seed on every machine."""

    def guid(self) -> str:
        """A random GUID (version 4)."""
        bits = self.getrandbits(128) & ~(0xF << 76) & ~(0x3 << 62) | (0x4 << 76) | (0x2 << 62)
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.random() < probability

    def one(self, items: Sequence[T]) -> T:
        """One of these; several times faster than ``choice``, and there are millions of choices."""
        return items[int(self.random() * len(items))]

    def past(self, days: int) -> str:
        """A moment within the last ``days`` (at most 5,000) days before the tenant's epoch, as Graph writes it."""
        seconds = 1 + int(self.random() * days * DAY)
        day, second = divmod(-seconds, DAY)
        return _DATES[-day - 1] + _TIMES[second // 60] + _SECONDS[second % 60]

    def few(self, population: Sequence[int], size: int) -> list[int]:
        """At most ``size`` different items of a population in ascending order, in ascending order."""
        total = len(population)
        if 2 * size > total:
            left_out = self._places(total, max(0, total - size))
            return [item for place, item in enumerate(population) if place not in left_out]
        return [population[place] for place in sorted(self._places(total, size))]

    def _places(self, total: int, size: int) -> set[int]:
        """``size`` different numbers below ``total``, of which ``size`` is at most half."""
        random, found = self.random, set[int]()
        while len(found) < size:
            found.update([int(random() * total) for _ in range(size - len(found))])
        return found


@dataclass(slots=True)
class Maker:
    """A tenant in the making.

    Attributes:
        tenant: the tenant.
        seed: what the dice are made from.
        users: keys of the users that will not be deleted.
        leavers: keys of the users that are deleted at the end, restorably.
        synced_users: keys of the living users that come from Active Directory.
        guests: keys of the living guests.
        groups: keys of the groups by kind (``generation/groups.py``); compact ranges or short lists.
        applications: keys of service principals by name of the catalog, and of the others.
    """

    tenant: Tenant
    seed: int
    users: Sequence[int] = ()
    leavers: Sequence[int] = ()
    synced_users: Sequence[int] = ()
    guests: Sequence[int] = ()
    devices: Sequence[int] = ()
    contacts: Sequence[int] = ()
    groups: dict[str, Sequence[int]] = field(default_factory=dict)
    applications: dict[str, int] = field(default_factory=dict)

    def dice(self, part: str) -> Dice:
        """Dice for one part, independent of the other parts."""
        return Dice(f"{self.seed}/{part}")

    def insert(self, kind: str, bodies: Iterable[dict[str, Any]]) -> range:
        """Insert objects in bulk; returns their keys."""
        db = self.tenant.db
        first = int(db.execute("SELECT COALESCE(MAX(key), 0) + 1 FROM objects").fetchone()[0])
        dice = self.dice(f"ids/{kind}/{first}")
        db.executemany(
            "INSERT INTO objects (id, type, body, created_seq, changed_seq) VALUES (?, ?, ?, 1, 1)",
            ((dice.guid(), kind, to_json(body)) for body in bodies),
        )
        return range(first, int(db.execute("SELECT COALESCE(MAX(key), 0) + 1 FROM objects").fetchone()[0]))

    def relate(self, rel: Rel, source: int, targets: Iterable[int]) -> None:
        """Insert relationships of one object; those that are there already stay."""
        self.relate_all(rel, ((source, target) for target in targets))

    def relate_all(self, rel: Rel, pairs: Iterable[tuple[int, int]]) -> None:
        """Insert relationships, given as source and target, in bulk; those that are there already stay."""
        self.tenant.db.executemany(f"INSERT OR IGNORE INTO edges VALUES ({int(rel)}, ?, ?)", pairs)

    def ids_of(self, keys: Sequence[int]) -> dict[int, str]:
        """The object ids of many keys."""
        return dict(
            self.tenant.db.execute(
                "SELECT o.key, o.id FROM json_each(?) AS wanted JOIN objects AS o ON o.key = wanted.value",
                (to_json(list(keys)),),
            )
        )

    def id_of(self, key: int) -> str:
        """The object id of a key."""
        return str(self.tenant.db.execute("SELECT id FROM objects WHERE key = ?", (key,)).fetchone()[0])


def batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    """Rows in lists of some thousands, so that a generator that reads the database never overlaps with an insert."""
    iterator = iter(rows)
    while batch := list(itertools.islice(iterator, _BATCH)):
        yield batch
