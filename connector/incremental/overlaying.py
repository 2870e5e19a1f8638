"""What others have committed while something was being read, kept apart from what was read: theirs is younger.

A comparison may take minutes. What the other lane learns from delta and commits meanwhile must neither be taken back nor brought
back by a list that was read before. Nor must what our own operations have brought about by a delta that was read before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from connector.access.staged import FACTS
from connector.incremental.facts import Reading, Replace, Row
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
            table: [row for row in rows if _key(table, row) not in keys.get(table, ())]
            for table, rows in reading.rows.items()
        },
        replaced=_sparing(reading.replaced, {table: _spared(table, found) for table, found in keys.items()}),
        gone={table: [key for key in gone if key not in keys.get(table, ())] for table, gone in reading.gone.items()},
        removed=reading.removed,
    )


def contradicts(reading: Reading, touched: Iterable[FactChange]) -> bool:
    """Whether ``reading`` says something else of any fact than ``touched`` says of it last. An object that is removed contradicts nothing."""
    last = {(change.table, change.key): change.after for change in touched}
    tables = {table for table, _ in last}
    said = {table: {_key(table, row): row for row in reading.rows.get(table, ())} for table in tables}
    for (table, key), after in last.items():
        row = said[table].get(key)
        if row is not None and after != {name: value for name, value in row.items() if value is not None}:
            return True
        gone = key in reading.gone.get(table, ()) or (row is None and _is_replaced(reading, table, after))
        if gone and after is not None:
            return True
    return False


def _is_replaced(reading: Reading, table: str, row: Row | None) -> bool:
    """Whether ``row``, which was not said, is none of all that there is."""
    return row is not None and any(
        one.table == table
        and (not one.column or row.get(one.column) == one.id)
        and not any(row.get(name) == value for name, value in one.but)
        for one in reading.replaced
    )


def _key(table: str, row: Row) -> tuple[str | None, ...]:
    return tuple(row.get(name) for name in _KEYS[table])


def _spared(table: str, keys: Iterable[tuple[str | None, ...]]) -> frozenset[tuple[str, str]]:
    columns = _KEYS[table]
    return frozenset(
        next((name, value) for name, value in zip(reversed(columns), reversed(key), strict=True) if value is not None)
        for key in keys
    )


def _sparing(replaced: Iterable[Replace], spared: Mapping[str, frozenset[tuple[str, str]]]) -> list[Replace]:
    """``replaced``, sparing what is ``spared`` of their tables. Thousands of them share one set of thousands."""
    made: dict[tuple[str, frozenset[tuple[str, str]]], frozenset[tuple[str, str]]] = {}
    for one in replaced:
        if (one.table, one.but) not in made:
            made[one.table, one.but] = one.but | spared.get(one.table, frozenset())
    return [replace(one, but=made[one.table, one.but]) for one in replaced]
