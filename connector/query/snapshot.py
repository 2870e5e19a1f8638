"""A snapshot, opened: one DuckDB view for each table, whatever the files lack filled in with nulls, and the journal replayed.

Questions take a :class:`Snapshot` and know nothing of where its rows come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import gettempdir
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import msgspec

from connector.access.tables import TABLES, Table
from connector.journal.literals import every_file
from connector.journal.replay import RowChange, overlay
from connector.query.errors import SnapshotDamaged

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Row = TypeVar("Row")
Parameters = Sequence[object] | Mapping[str, object]


class Snapshot:
    """The tables of one moment, ready to be asked. A context manager: leaving it closes the connection."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        """``connection`` must have a table or view for each of ``connector.access.tables.TABLES``."""
        self._connection = connection

    @classmethod
    def open_directory(
        cls, directory: Path, tables: Sequence[Table] = TABLES, changes: Iterable[RowChange] = ()
    ) -> Snapshot:
        """Open ``{directory}/{table}/*.parquet``. Of ``tables``, one without files is empty; others cannot be asked.

        Args:
            changes: what happened since, in order. The files are not read for them: rows that changed stand beside them.

        Raises:
            SnapshotDamaged: a file cannot be read as Parquet.
        """
        import duckdb

        connection = duckdb.connect()
        try:
            connection.execute("SET TimeZone = 'UTC'")
            bases = {table: _select(connection, directory, table) for table in tables}
            overlay(connection, "main", bases, changes, Path(gettempdir()))
        except duckdb.Error as error:
            connection.close()
            raise SnapshotDamaged(f"The snapshot in {directory} cannot be read: {error}") from error
        return cls(connection)

    def rows(self, kind: type[Row], sql: str, parameters: Parameters = ()) -> list[Row]:
        """Run ``sql`` and parse each row, by its column names, into ``kind`` (a msgspec struct)."""
        cursor = self._connection.execute(sql, parameters)
        names = [column[0] for column in cursor.description or ()]
        return [msgspec.convert(dict(zip(names, row, strict=True)), kind) for row in cursor.fetchall()]

    def row(self, kind: type[Row], sql: str, parameters: Parameters = ()) -> Row:
        """The only row of ``sql``, such as that of a count."""
        [only] = self.rows(kind, sql, parameters)
        return only

    def execute(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """Run ``sql`` for its effect, such as ``COPY``, or for rows that need no type."""
        return self._connection.execute(sql, parameters).fetchall()

    def close(self) -> None:
        """Let go of the files."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _select(connection: DuckDBPyConnection, directory: Path, table: Table) -> str:
    """Every column of ``table`` as its contract has it: written by an older version, a file may lack some."""
    if not any(directory.joinpath(table.name).glob("*.parquet")):
        columns = ", ".join(f'CAST(NULL AS {column.type}) AS "{column.name}"' for column in table)
        return f"SELECT {columns} WHERE false"
    files = f"read_parquet({every_file(directory / table.name, '*.parquet')}, union_by_name = true)"
    present = {name for name, *_ in connection.execute(f"DESCRIBE SELECT * FROM {files}").fetchall()}  # noqa: S608 - made of constants
    columns = ", ".join(
        f"CAST({f'{chr(34)}{column.name}{chr(34)}' if column.name in present else 'NULL'} AS {column.type}) "
        f'AS "{column.name}"'
        for column in table
    )
    return f"SELECT {columns} FROM {files}"  # noqa: S608 - made of constants
