"""What others have committed while something was being read, kept apart from what was read: theirs is younger.

A comparison may take minutes. What the other lane learns from delta and commits meanwhile must neither be taken back nor brought
back by a list that was read before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from connector.access.staged import FACTS
from connector.incremental.facts import Reading, Replace
from connector.storage.records import FactChange

_KEYS = {table.name: table.key for table in FACTS}


def without(reading: Reading, touched: Iterable[FactChange]) -> Reading:
    """``reading`` without a word about the facts that ``touched`` names: those stay as they are in force.

    A replacement spares what has a key like theirs, in any of its columns where the key has several: it may keep a row too long
    until the next look, which is not wrong for long, and never drops one that is true.
    """
    keys: dict[str, set[tuple[str | None, ...]]] = {}
    for change in touched:
        keys.setdefault(change.table, set()).add(change.key)
    if not keys.keys() & {*reading.rows, *(one.table for one in reading.replaced), *reading.gone}:
        return reading
    return Reading(
        rows={
            table: [row for row in rows if tuple(row.get(name) for name in _KEYS[table]) not in keys.get(table, ())]
            for table, rows in reading.rows.items()
        },
        replaced=[_sparing(one, keys.get(one.table, set())) for one in reading.replaced],
        gone={table: [key for key in gone if key not in keys.get(table, ())] for table, gone in reading.gone.items()},
        removed=reading.removed,
    )


def _sparing(one: Replace, keys: set[tuple[str | None, ...]]) -> Replace:
    columns = _KEYS[one.table]
    spared = {
        (column, value)
        for key in keys
        for column, value in [
            next((c, v) for c, v in zip(reversed(columns), reversed(key), strict=True) if v is not None)
        ]
    }
    return replace(one, but=one.but | spared)
