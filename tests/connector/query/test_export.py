"""Exports: the same rows in every format, whole files or none."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connector.access.tables import ACCOUNTS, ENTERPRISE_APPLICATIONS, GRANTS, TABLES, Table
from connector.query.export import Format, WouldOverwrite, export
from connector.query.snapshot import Snapshot


def read_back(path: str, file_format: Format, table: Table) -> list[tuple[Any, ...]]:
    """The rows of an exported file with the types of the contract."""
    names = [f'"{column.name}"' for column in table]
    types = {column.name: str(column.type) for column in table}
    if file_format is Format.PARQUET:
        source = f"'{path}'"
    elif file_format is Format.JSONL:
        source = f"read_json('{path}', format = 'newline_delimited', columns = {types})"
    else:
        texts = dict.fromkeys(types, "VARCHAR")
        source = f"read_csv('{path}', header = true, columns = {texts}, allow_quoted_nulls = false)"
        names = [f"CAST({name}{'::JSON' if name[1:-1] == 'tags' else ''} AS {types[name[1:-1]]})" for name in names]
    return duckdb.execute(f"SELECT {', '.join(names)} FROM {source} ORDER BY {', '.join(table.key)}").fetchall()


@pytest.mark.parametrize("table", [ACCOUNTS, ENTERPRISE_APPLICATIONS, GRANTS], ids=lambda table: table.name)
@pytest.mark.parametrize("file_format", list(Format))
def test_what_is_written_reads_back_as_it_was(
    contoso: Snapshot, tmp_path: Path, file_format: Format, table: Table
) -> None:
    [written] = export(contoso, tmp_path, file_format, [table])

    expected = contoso.execute(f"SELECT * FROM {table.name} ORDER BY {', '.join(table.key)}")
    assert read_back(written.file, file_format, table) == expected
    assert (written.table, written.rows) == (table.name, len(expected))
    assert written.bytes == Path(written.file).stat().st_size


def test_every_table_has_a_file(contoso: Snapshot, tmp_path: Path) -> None:
    files = [Path(written.file).name for written in export(contoso, tmp_path, Format.PARQUET, TABLES)]

    assert files == [f"{table.name}.parquet" for table in TABLES]
    assert sorted(files) == sorted(path.name for path in tmp_path.iterdir())


def test_lists_are_json_in_csv(contoso: Snapshot, tmp_path: Path) -> None:
    list(export(contoso, tmp_path, Format.CSV, [ENTERPRISE_APPLICATIONS]))

    with (tmp_path / "enterprise_applications.csv").open(newline="") as file:
        crm = next(csv.DictReader(file))
    assert json.loads(crm["tags"]) == ["HideApp", 'a, "b"']


def test_files_that_are_there_are_kept_unless_forced(contoso: Snapshot, tmp_path: Path) -> None:
    theirs = tmp_path / "grants.csv"
    theirs.write_text("not ours")
    (tmp_path / "accounts.csv").touch()

    with pytest.raises(WouldOverwrite, match=r"grants\.csv would be overwritten"):
        list(export(contoso, tmp_path, Format.CSV, TABLES))
    assert theirs.read_text() == "not ours"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["accounts.csv", "grants.csv"]

    list(export(contoso, tmp_path, Format.CSV, [GRANTS], force=True))
    assert theirs.read_text().startswith("id,entitlement_id,")


def test_an_export_that_fails_leaves_nothing_half_written(tmp_path: Path) -> None:
    with Snapshot.open_directory(tmp_path / "empty", [GRANTS]) as snapshot, pytest.raises(duckdb.Error):
        list(export(snapshot, tmp_path / "out", Format.CSV, [ENTERPRISE_APPLICATIONS]))

    assert list((tmp_path / "out").iterdir()) == []
