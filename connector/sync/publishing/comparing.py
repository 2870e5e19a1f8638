"""How a new snapshot differs from the state that was in force: what rounds should have said, and drift where they did not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from connector.access.staged import FACTS
from connector.access.tables import INHERITED_GRANTS, TABLES, Table
from connector.journal.literals import quoted
from connector.journal.replay import RowChange
from connector.journal.rows import json_rows
from connector.storage.journal import RowDifference
from connector.storage.records import FactChange, SnapshotPart, TableChanges, TableFacts
from connector.sync.publishing.previous import Key, Previous

if TYPE_CHECKING:
    import duckdb

MOST_DRIFT = 25_000
"""Most differing rows, of tables and fact tables, that become a segment: five pages of the feed. Written out, each of them takes up to
6 kB here and for everybody who reads the segment, 150 MB in all. Who follows the journal is told to begin with the new
snapshot beyond that, which is quicker, too."""

COUNTED = tuple(table.name for table in TABLES if table is not INHERITED_GRANTS)
"""The tables of which differences are counted for people. ``inherited_grants`` follows from the rest."""

# Rows are compared as two numbers, so that memory does not grow with their width. Two keys that get one number are told apart when
# the rows are looked at. That a row changes and keeps its number happens once in 2^64 changes.
_DIFFERING = """
CREATE TABLE differing AS
SELECT coalesce(old.key, new.key) AS key, old.key IS NULL AS added, new.key IS NULL AS removed
FROM (SELECT hash({key}) AS key, hash({rest}) AS rest FROM {schema}.{table}) AS old
FULL JOIN (SELECT hash({key}) AS key, hash({rest}) AS rest FROM read_parquet({file})) AS new ON new.key = old.key
WHERE old.key IS NULL OR new.key IS NULL OR old.rest <> new.rest
"""
_COUNTS = """
SELECT count(*) FILTER (added), count(*) FILTER (removed), count(*) FILTER (NOT added AND NOT removed) FROM differing
"""


@dataclass(frozen=True, slots=True)
class Drift:
    """Everything that is different, in the order of tables and keys."""

    tables: Sequence[RowDifference] = ()
    facts: Sequence[FactChange] = ()


@dataclass(frozen=True, slots=True)
class Differences:
    """How the new snapshot differs.

    Attributes:
        counts: rows by table, ``inherited_grants`` apart.
        drift: the rows themselves; None where they are too many, or nobody wants them.
    """

    counts: Mapping[str, TableChanges]
    drift: Drift | None


class _Side(NamedTuple):
    """A schema with what was in force, what the snapshot held of it, the changes since, and what the new one holds."""

    schema: str
    before: Mapping[str, TableFacts]
    changes: Sequence[RowChange]
    now: Mapping[str, TableFacts]


@dataclass(frozen=True, slots=True)
class New:
    """What was built: what it holds of tables and fact tables, and its files by part name."""

    tables: Mapping[str, TableFacts]
    facts: Mapping[str, TableFacts]
    files: Mapping[str, Path]


def compare(database: duckdb.DuckDBPyConnection, previous: Previous, new: New, *, rows_wanted: bool) -> Differences:
    """Compare what was built with what was in force, row by row.

    Args:
        database: has the schemas ``previous`` and ``known``.
        rows_wanted: whether the rows are wanted, and not only their number.
    """
    return _Comparison(database, new.files, rows_wanted).run(
        _Side("previous", previous.manifest.tables, previous.changes, new.tables),
        _Side("known", previous.manifest.facts, previous.fact_changes, new.facts),
    )


class _Comparison:
    def __init__(self, database: duckdb.DuckDBPyConnection, files: Mapping[str, Path], rows_wanted: bool) -> None:
        self._database = database
        self._files = files
        self._left = MOST_DRIFT if rows_wanted else -1

    def run(self, tables: _Side, facts: _Side) -> Differences:
        counts: dict[str, TableChanges] = {}
        rows: list[RowDifference] = []
        for table in TABLES:
            if table.name in COUNTED or self._left >= 0:
                counts[table.name], found = self._compare(tables, table)
                rows += (RowDifference(table.name, key, *pair) for key, pair in found)  # type: ignore[arg-type]
        stated: list[FactChange] = []
        for table in FACTS if self._left >= 0 else ():
            found = self._compare(facts, table)[1]
            stated += (FactChange(table=table.name, key=key, after=after) for key, (_, after) in found)
        drift = Drift(rows, stated) if self._left >= 0 else None
        return Differences({name: counts[name] for name in COUNTED}, drift)

    def _compare(self, side: _Side, table: Table) -> tuple[TableChanges, list[tuple[Key, tuple[Any, Any]]]]:
        [part] = side.now[table.name].parts
        if self._is_same(side, table, part):
            return TableChanges(), []
        key, rest = table.key, [name for name in table.column_names if name not in table.key]
        made = _DIFFERING.format(
            key=_listed(key),
            rest=_listed(rest),
            schema=side.schema,
            table=table.name,
            file=quoted(self._files[part.name]),
        )
        self._database.execute("DROP TABLE IF EXISTS differing")
        self._database.execute(made)
        [(added, removed, changed)] = self._database.execute(_COUNTS).fetchall()
        self._left -= added + removed + changed if self._left >= 0 else 0
        found = self._rows(side, table, self._files[part.name]) if self._left >= 0 and added + removed + changed else []
        return TableChanges(added=added, removed=removed, changed=changed), found

    @staticmethod
    def _is_same(side: _Side, table: Table, part: SnapshotPart) -> bool:
        """Whether the files are the same and the journal has nothing to say of the table, so that nothing has to be read."""
        before = side.before.get(table.name)
        same = before is not None and [one.sha256 for one in before.parts] == [part.sha256]
        return same and all(change.table != table.name for change in side.changes)

    def _rows(self, side: _Side, table: Table, file: Path) -> list[tuple[Key, tuple[Any, Any]]]:
        """The rows before and after, by key."""
        which = f"hash({_listed(table.key)}) IN (SELECT key FROM differing)"  # noqa: S608
        before, after = (
            {
                tuple(row[name] for name in table.key): row
                for row in json_rows(self._database, table, f"SELECT * FROM {source} WHERE {which}")  # noqa: S608
            }
            for source in (f'{side.schema}."{table.name}"', f"read_parquet({quoted(file)})")
        )
        keys = sorted(before.keys() | after.keys(), key=lambda key: tuple((part is None, part or "") for part in key))
        pairs = ((key, (before.get(key), after.get(key))) for key in keys)
        return [(key, (old, new)) for key, (old, new) in pairs if old != new]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
