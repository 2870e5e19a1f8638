"""Tables of a snapshot as files for other tools: Parquet, CSV or JSON lines, written by DuckDB."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import msgspec

from connector.access.tables import ColumnType, Table
from connector.journal.literals import quoted
from connector.query.errors import QueryError
from connector.query.snapshot import Snapshot


class Format(StrEnum):
    """What the files are; the value is their suffix."""

    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"


_OPTIONS = {
    Format.PARQUET: "FORMAT parquet, COMPRESSION zstd",
    Format.CSV: "FORMAT csv, HEADER",
    Format.JSONL: "FORMAT json",
}
_NESTED = (ColumnType.TEXTS, ColumnType.SERVICE_PLANS)


class WouldOverwrite(QueryError):
    """Files that are in the way; nothing has been written."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)
        super().__init__(
            f"{', '.join(str(path) for path in paths)} would be overwritten. Name another directory, or say --force."
        )


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """One file: ``rows`` of ``table``, ``bytes`` long."""

    table: str
    file: str
    rows: int
    bytes: int


def export(
    snapshot: Snapshot, directory: Path, file_format: Format, tables: Sequence[Table], *, force: bool = False
) -> Iterator[Exported]:
    """Write ``{directory}/{table}.{format}`` for each of ``tables``, yielding each file when it is complete.

    A file appears under its name only when it is whole. Lists and structs are JSON in CSV; times are UTC.

    Raises:
        WouldOverwrite: one is there already, not empty, and ``force`` is not set; checked before anything is written.
        OSError: the directory cannot be written.
    """
    targets = {table: directory / f"{table.name}.{file_format}" for table in tables}
    in_the_way = [path for path in targets.values() if path.exists() and (path.is_dir() or path.stat().st_size)]
    if in_the_way and not force:
        raise WouldOverwrite(in_the_way)
    directory.mkdir(parents=True, exist_ok=True)
    for table, path in targets.items():
        with _whole(path) as arriving:
            rows = snapshot.execute(
                f"COPY ({_select(table, file_format)}) TO {quoted(arriving)} ({_OPTIONS[file_format]})"
            )[0][0]
        yield Exported(table=table.name, file=str(path), rows=rows, bytes=path.stat().st_size)


def _select(table: Table, file_format: Format) -> str:
    columns = [
        f'CAST(to_json("{column.name}") AS VARCHAR) AS "{column.name}"'
        if file_format is Format.CSV and column.type in _NESTED
        else f'"{column.name}"'
        for column in table
    ]
    order = ", ".join(f'"{name}"' for name in table.key)
    return f"SELECT {', '.join(columns)} FROM {table.name} ORDER BY {order}"  # noqa: S608 - names of the contract


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A file to write that takes the name ``path`` when the context ends well, and is gone when it does not."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    arriving = Path(name)
    try:
        yield arriving
        arriving.replace(path)
    finally:
        arriving.unlink(missing_ok=True)
