"""Rows of tables as the journal shows them: JSON, times as ISO 8601 text in UTC with ``Z``, every column named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connector.access.tables import Table

if TYPE_CHECKING:
    import duckdb

_BATCH = 10_000  # rows fetched at a time


def json_rows(database: duckdb.DuckDBPyConnection, table: Table, query: str) -> Iterator[dict[str, Any]]:
    """The rows of ``query``, which selects the columns of ``table`` by name, in any order and with others beside them.

    Fetched as they are asked for: nothing else may be executed on ``database`` meanwhile.
    """
    columns = ", ".join(f'"{name}"' for name in table.column_names)
    found = database.execute(f"SELECT {columns} FROM ({query})")  # noqa: S608
    while batch := found.fetchmany(_BATCH):
        for row in batch:
            yield {name: as_json(value) for name, value in zip(table.column_names, row, strict=True)}


def as_json(value: Any) -> Any:
    """A value as DuckDB hands it over, as JSON."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, list):
        return [as_json(one) for one in value]
    if isinstance(value, Mapping):
        return {name: as_json(one) for name, one in value.items()}
    return value
