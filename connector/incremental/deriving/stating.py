"""The facts that differ: what a reading says, with what it says is gone, against the facts in force.

For a fact table that differs there are two tables afterwards: ``leaving``, the rows in force that no longer hold, and ``coming``, the rows
that hold from now on. A row that changes is in both; what was known is in neither. ``after`` shows the facts that result.

Most of what rounds read is known. So nothing is made before it is known that something needs it: DuckDB takes as long to plan a
statement on no rows as on a thousand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.access.staged import FACTS, TOMBSTONES
from connector.access.tables import Table
from connector.incremental.deriving.replacing import replace
from connector.incremental.facts import Reading
from connector.journal.literals import quoted
from connector.journal.replay import read_rows, write_rows
from connector.journal.rows import as_json, json_rows
from connector.settings import Settings
from connector.storage.records import FactChange, Shrinking
from connector.sync.publishing.naming import NAMING, OBJECTS, PRESENT, names_one_of, same_key
from connector.sync.publishing.recalling import has_ended

if TYPE_CHECKING:
    import duckdb

_SCHEMAS = ("said", "going", "coming", "leaving", "after")
_TABLES = {table.name: table for table in FACTS}


@dataclass(frozen=True, slots=True)
class Stated:
    """Which facts differ.

    Attributes:
        moved: the fact tables in which any does, in the order of ``FACTS``.
        held_back: what would have shrunk too much, and so does not.
    """

    moved: tuple[Table, ...]
    held_back: tuple[Shrinking, ...]


def state(
    database: duckdb.DuckDBPyConnection, reading: Reading, settings: Settings, now: datetime, folder: Path
) -> Stated:
    """Make ``coming`` and ``leaving`` for every fact table that differs and, if any does, ``after`` for all of them.

    Args:
        database: a workspace of the replica.
        now: when what is removed was.
        folder: where files may lie for a moment.
    """
    return _Statement(database, reading, settings, now, folder).make()


def fact_changes(database: duckdb.DuckDBPyConnection, moved: Iterable[Table]) -> Iterator[FactChange]:
    """What differs in the tables that moved, by table and key; a column that is null is absent."""
    for table in moved:
        order = ", ".join(f"{name} NULLS FIRST" for name in table.key)
        gone = f"SELECT l.* FROM leaving.{table.name} AS l ANTI JOIN coming.{table.name} AS c ON {same_key(table, 'l', 'c')}"  # noqa: S608
        for row in json_rows(database, table, f"{gone} ORDER BY {order}"):
            yield FactChange(table=table.name, key=key_of(table, row), after=None)
        for row in json_rows(database, table, f"FROM coming.{table.name} ORDER BY {order}"):
            after = {name: value for name, value in row.items() if value is not None}
            yield FactChange(table=table.name, key=key_of(table, row), after=after)


def key_of(table: Table, row: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values of the key of a row."""
    return tuple(row.get(name) for name in table.key)


class _Statement:
    def __init__(
        self, database: duckdb.DuckDBPyConnection, reading: Reading, settings: Settings, now: datetime, folder: Path
    ) -> None:
        self._database = database
        self._reading = reading
        self._settings = settings
        self._now = now
        self._folder = folder
        self._held_back: list[Shrinking] = []
        self._buries = False
        self._moved: set[str] = set()

    def make(self) -> Stated:
        for schema in _SCHEMAS:
            self._database.execute(f"CREATE SCHEMA {schema}")
        in_play = [table for table in FACTS if self._may_move(table)]
        for table in in_play:
            self._load(table)
        self._bury()
        # What others name comes first: whether it is there tells what may be missing of them.
        for table in in_play:
            if table.name in PRESENT:
                self._compare(table)
        if any(one.limited for one in self._reading.replaced):
            self._note_what_is_there()
        for table in in_play:
            if table.name not in PRESENT:
                self._compare(table)
        if self._moved:
            for table in FACTS:
                self._database.execute(f"CREATE VIEW after.{table.name} AS FROM {self._after(table.name)}")
        return Stated(tuple(table for table in FACTS if table.name in self._moved), tuple(self._held_back))

    def _may_move(self, table: Table) -> bool:
        reading, name = self._reading, table.name
        return bool(
            (name == TOMBSTONES.name and (reading.removed or self._said_objects()))
            or reading.rows.get(name)
            or reading.gone.get(name)
            or any(one.table == name for one in reading.replaced)
            or (reading.removed and name in NAMING)
            or (name == "role_assignment_instances" and self._pim_is_silent())
        )

    def _pim_is_silent(self) -> bool:
        """Whether role assignments were listed, and what Privileged Identity Management says of them was not."""
        listed = {one.table for one in self._reading.replaced}
        return "role_assignments" in listed and "role_assignment_instances" not in listed

    def _said_objects(self) -> list[str]:
        """Fact tables whose rows are objects, of which something was said."""
        return [name for name in OBJECTS if self._reading.rows.get(name)]

    def _load(self, table: Table) -> None:
        """What the reading says of a table: of several rows with one key the last one."""
        columns = ", ".join(f'"{column.name}" {column.type.value}' for column in table)
        keys = ", ".join(f'"{name}" VARCHAR' for name in table.key)
        self._database.execute(f"CREATE TABLE said.{table.name} ({columns}); CREATE TABLE going.{table.name} ({keys})")
        rows = {key_of(table, row): row for row in self._reading.rows.get(table.name, ())}
        self._insert(f"said.{table.name}", table, list(rows.values()))

    def _insert(self, target: str, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            path = self._folder / "rows.jsonl"
            write_rows(rows, path)
            self._database.execute(f"INSERT INTO {target} BY NAME {read_rows(table, path)}")

    def _bury(self) -> None:
        """What is removed now, and what was before and has not come back: rows that name it do not count."""
        objects, execute = self._said_objects(), self._database.execute
        if self._reading.removed:
            execute("CREATE TABLE removed (id VARCHAR, kind VARCHAR)")
            removed = [(id_, kind) for kind, ids in self._reading.removed.items() for id_ in ids]
            execute(
                "INSERT INTO removed SELECT unnest(CAST($ids AS VARCHAR[])), unnest(CAST($kinds AS VARCHAR[]))",
                {"ids": [id_ for id_, _ in removed], "kinds": [kind for _, kind in removed]},
            )
            self._erect_tombstones()
        back = " UNION ALL ".join(f"SELECT id FROM said.{name}" for name in objects) or "SELECT NULL WHERE false"  # noqa: S608
        buried = _made(
            self._database,
            f"CREATE TABLE buried AS SELECT id FROM replica.facts.tombstones WHERE id NOT IN ({back})",  # noqa: S608
        )
        self._buries = buried > 0
        if objects:
            again = "AND id NOT IN (SELECT id FROM removed)" if self._reading.removed else ""
            execute(
                "INSERT INTO going.tombstones SELECT id FROM replica.facts.tombstones "  # noqa: S608
                f"WHERE id NOT IN (SELECT id FROM buried) {again}"
            )

    def _erect_tombstones(self) -> None:
        fresh = self._database.execute(
            "SELECT id, min(kind) FROM removed WHERE id NOT IN (SELECT id FROM replica.facts.tombstones) GROUP BY id"
        ).fetchall()
        told = as_json(self._now)
        rows = [{"id": id_, "kind": kind, "removed_at": told} for id_, kind in fresh]
        self._insert("said.tombstones", TOMBSTONES, rows)

    def _note_what_is_there(self) -> None:
        skipped = "on_premises_sync_enabled IS TRUE" if self._settings.skip_ad_groups else "false"
        conditions = {"groups": f" WHERE NOT ({skipped})"}
        union = " UNION ALL ".join(f"SELECT id FROM {self._after(name)}{conditions.get(name, '')}" for name in PRESENT)  # noqa: S608
        self._database.execute(f"CREATE VIEW present AS {union}")

    def _compare(self, table: Table) -> None:
        name, reading = table.name, self._reading
        if self._buries and reading.rows.get(name):
            self._forget("buried", table)
        # What is gone for a reason comes first: it tells nothing of whether a list is all there is.
        if gone := reading.gone.get(name):
            self._take_away(table, gone)
        if reading.removed and name in NAMING:
            self._remove(table)
        replaced = [one for one in reading.replaced if one.table == name]
        if name == "role_assignment_instances" and self._pim_is_silent():
            self._end_instances()
        if replaced:
            self._held_back += replace(self._database, table, replaced, self._settings)
        if reading.removed and name == "accounts":
            self._take_managers()
        self._settle(table)

    def _forget(self, ids: str, table: Table) -> None:
        """Rows that were said and name one of ``ids`` do not count; an account stays, without its manager."""
        name = table.name
        self._database.execute(f"DELETE FROM said.{name} AS r WHERE {names_one_of(name, 'r', ids)}")  # noqa: S608
        if name == "accounts":
            self._database.execute(
                f"UPDATE said.accounts SET manager_id = NULL WHERE manager_id IN (SELECT id FROM {ids})"  # noqa: S608
            )

    def _take_away(self, table: Table, keys: Sequence[tuple[str | None, ...]]) -> None:
        path = self._folder / "keys.jsonl"
        write_rows((dict(zip(table.key, key, strict=True)) for key in keys), path)
        types = dict.fromkeys(table.key, "VARCHAR")
        names = ", ".join(table.key)
        self._database.execute(
            f"CREATE OR REPLACE TABLE taken AS SELECT {names} "  # noqa: S608
            f"FROM read_json({quoted(path)}, format = 'newline_delimited', columns = {types})"
        )
        self._database.execute(
            f"DELETE FROM said.{table.name} AS r USING taken AS t WHERE {same_key(table, 'r', 't')};"  # noqa: S608
            f"INSERT INTO going.{table.name} FROM taken"
        )

    def _remove(self, table: Table) -> None:
        name, keys = table.name, ", ".join(f"r.{column}" for column in table.key)
        self._forget("removed", table)
        self._database.execute(
            f"INSERT INTO going.{name} SELECT {keys} FROM replica.facts.{name} AS r "  # noqa: S608
            f"WHERE {names_one_of(name, 'r', 'removed')}"
        )

    def _end_instances(self) -> None:
        """What PIM said of assignments that are no longer there, where PIM itself could not be asked."""
        ended = has_ended("replica.facts.role_assignments", self._after("role_assignments"))
        self._database.execute(
            "INSERT INTO going.role_assignment_instances SELECT i.id FROM replica.facts.role_assignment_instances AS i "  # noqa: S608
            f"ANTI JOIN said.role_assignment_instances AS s ON s.id = i.id WHERE {ended}"
        )

    def _take_managers(self) -> None:
        """Whose manager is removed, stays."""
        self._database.execute(
            "INSERT INTO said.accounts BY NAME SELECT r.* REPLACE (NULL AS manager_id) FROM replica.facts.accounts AS r "
            "ANTI JOIN said.accounts AS s ON s.id = r.id ANTI JOIN going.accounts AS g ON g.id = r.id "
            "WHERE r.manager_id IN (SELECT id FROM removed)"
        )

    def _settle(self, table: Table) -> None:
        """Note whether the table differs, with ``coming`` and ``leaving`` where it does."""
        name, force = table.name, f"replica.facts.{table.name}"
        coming = _made(
            self._database,
            f"CREATE TABLE coming.{name} AS FROM said.{name} EXCEPT "  # noqa: S608
            f"(SELECT r.* FROM {force} AS r SEMI JOIN said.{name} AS s ON {same_key(table, 'r', 's')})",
        )
        if not coming and not self._any(f"going.{name}"):
            return
        leaving = _made(
            self._database,
            f"CREATE TABLE leaving.{name} AS SELECT r.* FROM {force} AS r SEMI JOIN ("  # noqa: S608
            f"SELECT {', '.join(table.key)} FROM coming.{name} UNION ALL FROM going.{name}"
            f") AS k ON {same_key(table, 'r', 'k')}",
        )
        if coming or leaving:
            self._moved.add(name)

    def _any(self, name: str) -> bool:
        found = self._database.execute(f"SELECT EXISTS (FROM {name})").fetchone()
        return bool(found and found[0])

    def _after(self, name: str) -> str:
        """SQL for the facts of a table as they result, once it is settled."""
        if name not in self._moved:
            return f"replica.facts.{name}"
        left = same_key(_TABLES[name], "r", "l")
        return (
            f"(SELECT r.* FROM replica.facts.{name} AS r ANTI JOIN leaving.{name} AS l ON {left} "  # noqa: S608
            f"UNION ALL BY NAME FROM coming.{name})"
        )


def _made(database: duckdb.DuckDBPyConnection, statement: str) -> int:
    """Make a table from a query; the number of its rows."""
    row = database.execute(statement).fetchone()
    return int(row[0]) if row else 0
