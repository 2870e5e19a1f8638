"""Changes applied to DuckDB tables: the one way in which a journal becomes rows again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from connector.access.tables import Table
from connector.journal.literals import quoted

if TYPE_CHECKING:
    import duckdb

_encode = msgspec.json.Encoder().encode


class RowChange(NamedTuple):
    """A row of a table that is to be as ``after`` says, JSON by column, or not to be."""

    table: str
    key: tuple[str | None, ...]
    after: Mapping[str, Any] | None


def replay(
    database: duckdb.DuckDBPyConnection,
    schema: str,
    tables: Iterable[Table],
    changes: Iterable[RowChange],
    folder: Path,
) -> None:
    """Apply ``changes`` to the tables ``{schema}.{name}``, of each key the last one. Changes of other tables are ignored.

    Args:
        schema: a schema of ``database``, possibly with its catalog before it.
        folder: where files may lie for a moment.
    """
    by_name = {table.name: table for table in tables}
    with TemporaryDirectory(prefix="replay-", dir=folder) as name:
        for table, rows in _latest(by_name, changes).items():
            _apply(database, schema, by_name[table], rows, Path(name))


def overlay(
    database: duckdb.DuckDBPyConnection,
    schema: str,
    bases: Mapping[Table, str],
    changes: Iterable[RowChange],
    folder: Path,
) -> None:
    """Make a view ``{schema}.{name}`` of each table: the rows of its query in ``bases``, as ``changes`` leave them.

    What the queries give is not copied, however large it is; only rows that changed become a table beside it. A table
    without changes is the plain view of its query. Changes of other tables are ignored.

    Args:
        schema: a schema of ``database``, possibly with its catalog before it.
        bases: for each table a query that gives its columns in their order.
        folder: where files may lie for a moment.
    """
    latest = _latest({table.name: table for table in bases}, changes)
    with TemporaryDirectory(prefix="overlay-", dir=folder) as name:
        for table, base in bases.items():
            rows = latest.get(table.name)
            if rows is not None:
                _keep_beside(database, schema, table, rows, Path(name))
            query = base if rows is None else _overlaid(schema, table, base)
            database.execute(f'CREATE VIEW {schema}."{table.name}" AS {query}')


def read_rows(table: Table, path: Path) -> str:
    """SQL that reads rows of ``table`` from JSON lines in the file ``path``, all columns, typed."""
    types = {column.name: column.type.value for column in table}
    names = ", ".join(f'"{name}"' for name in table.column_names)
    return f"SELECT {names} FROM read_json({quoted(path)}, format = 'newline_delimited', columns = {types})"  # noqa: S608


def write_rows(rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Write rows as JSON lines for :func:`read_rows`."""
    with path.open("wb") as lines:
        for row in rows:
            lines.write(_encode(row) + b"\n")


Latest = Mapping[tuple[str | None, ...], Mapping[str, Any] | None]
"""What holds in the end, by key: a row, or None where there is none."""


def _latest(tables: Mapping[str, Table], changes: Iterable[RowChange]) -> dict[str, Latest]:
    latest: dict[str, dict[tuple[str | None, ...], Mapping[str, Any] | None]] = {}
    for change in changes:
        if change.table in tables:
            latest.setdefault(change.table, {})[change.key] = change.after
    return dict(latest)


def _apply(database: duckdb.DuckDBPyConnection, schema: str, table: Table, rows: Latest, folder: Path) -> None:
    target = f'{schema}."{table.name}"'
    database.execute(f"DELETE FROM {target} AS old USING ({_keys(table, rows, folder)}) AS gone WHERE {_same(table)}")  # noqa: S608
    database.execute(f"INSERT INTO {target} BY NAME {_news(table, rows, folder)}")


def _keep_beside(database: duckdb.DuckDBPyConnection, schema: str, table: Table, rows: Latest, folder: Path) -> None:
    """Make the tables that :func:`_overlaid` reads."""
    database.execute(f'CREATE TABLE {schema}."{table.name} gone" AS {_keys(table, rows, folder)}')
    database.execute(f'CREATE TABLE {schema}."{table.name} news" AS {_news(table, rows, folder)}')


def _overlaid(schema: str, table: Table, base: str) -> str:
    """A query of the rows of ``base``, with those that changed as they are by now."""
    gone, news = f'{schema}."{table.name} gone"', f'{schema}."{table.name} news"'
    kept = f"SELECT * FROM ({base}) AS old WHERE NOT EXISTS (FROM {gone} AS gone WHERE {_same(table)})"  # noqa: S608
    return f"{kept} UNION ALL SELECT * FROM {news}"  # noqa: S608


def _same(table: Table) -> str:
    """SQL that says whether a row ``old`` and a key ``gone`` are the same; null is the same as null."""
    return " AND ".join(f'old."{name}" IS NOT DISTINCT FROM gone."{name}"' for name in table.key)


def _keys(table: Table, rows: Latest, folder: Path) -> str:
    """A query of the keys of all of ``rows``."""
    path = folder / f"{table.name}.keys"
    write_rows((dict(zip(table.key, key, strict=True)) for key in rows), path)
    types = dict.fromkeys(table.key, "VARCHAR")
    return f"FROM read_json({quoted(path)}, format = 'newline_delimited', columns = {types})"


def _news(table: Table, rows: Latest, folder: Path) -> str:
    """A query of those of ``rows`` that are there."""
    path = folder / f"{table.name}.rows"
    write_rows((row for row in rows.values() if row is not None), path)
    return read_rows(table, path)
