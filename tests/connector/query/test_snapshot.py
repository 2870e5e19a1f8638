"""Opening files: what an older version wrote, what is not there, what is no Parquet."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import msgspec
import pytest

from connector.access.tables import TABLES
from connector.query.errors import SnapshotDamaged
from connector.query.snapshot import Snapshot


class Account(msgspec.Struct):
    id: str
    department: str | None
    created_at: datetime | None


def test_columns_that_the_files_lack_are_null(tmp_path: Path) -> None:
    folder = tmp_path / "it's a folder"
    (folder / "accounts").mkdir(parents=True)
    path = str(folder / "accounts" / "part-00000.parquet").replace("'", "''")
    duckdb.execute(
        f"COPY (SELECT 'a' AS id, 'kept' AS unknown, TIMESTAMPTZ '2026-01-01 00:00:00+02' AS created_at) TO '{path}'"
    )

    with Snapshot.open_directory(folder) as snapshot:
        [account] = snapshot.rows(Account, "SELECT id, department, created_at FROM accounts")
        columns = [name for name, *_ in snapshot.execute("DESCRIBE accounts")]

    assert account == Account("a", None, datetime(2025, 12, 31, 22, 0, tzinfo=UTC))
    assert columns == [column.name for column in TABLES[0]]


def test_a_table_without_files_is_empty(tmp_path: Path) -> None:
    with Snapshot.open_directory(tmp_path) as snapshot:
        assert [snapshot.execute(f"SELECT count(*) FROM {table.name}") for table in TABLES] == [[(0,)]] * len(TABLES)


def test_a_file_that_is_no_parquet_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "groups").mkdir()
    (tmp_path / "groups" / "part-00000.parquet").write_text("not Parquet")

    with pytest.raises(SnapshotDamaged, match="cannot be read"):
        Snapshot.open_directory(tmp_path)
