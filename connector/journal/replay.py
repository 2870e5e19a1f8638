"""Changes applied to DuckDB tables: the one way in which a journal becomes rows again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from connector.access.tables import Table

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
    last: dict[str, dict[tuple[str | None, ...], Mapping[str, Any] | None]] = {}
    for change in changes:
        if change.table in by_name:
            last.setdefault(change.table, {})[change.key] = change.after
    with TemporaryDirectory(prefix="replay-", dir=folder) as name:
        for table, rows in last.items():
            _apply(database, schema, by_name[table], rows, Path(name))


def read_rows(table: Table, path: Path) -> str:
    """SQL that reads rows of ``table`` from JSON lines in the file ``path``, all columns, typed."""
    types = {column.name: column.type.value for column in table}
    names = ", ".join(f'"{name}"' for name in table.column_names)
    return f"SELECT {names} FROM read_json('{path}', format = 'newline_delimited', columns = {types})"  # noqa: S608


def write_rows(rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Write rows as JSON lines for :func:`read_rows`."""
    with path.open("wb") as lines:
        for row in rows:
            lines.write(_encode(row) + b"\n")


def _apply(
    database: duckdb.DuckDBPyConnection,
    schema: str,
    table: Table,
    rows: Mapping[tuple[str | None, ...], Mapping[str, Any] | None],
    folder: Path,
) -> None:
    target = f'{schema}."{table.name}"'
    keys, news = folder / f"{table.name}.keys", folder / f"{table.name}.rows"
    write_rows((dict(zip(table.key, key, strict=True)) for key in rows), keys)
    same = " AND ".join(f'old."{name}" IS NOT DISTINCT FROM gone."{name}"' for name in table.key)
    types = dict.fromkeys(table.key, "VARCHAR")
    database.execute(
        f"DELETE FROM {target} AS old USING read_json('{keys}', format = 'newline_delimited', columns = {types}) AS gone "  # noqa: S608
        f"WHERE {same}"
    )
    written: Sequence[Mapping[str, Any]] = [row for row in rows.values() if row is not None]
    if written:
        write_rows(written, news)
        database.execute(f"INSERT INTO {target} BY NAME {read_rows(table, news)}")
