"""Replaying changes: of each key the last one holds, whatever there was before."""

from __future__ import annotations

import duckdb
import pytest

from connector.access.staged import FACTS
from connector.access.tables import TABLES
from connector.journal.replay import RowChange, replay


@pytest.fixture
def database():
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'; CREATE SCHEMA facts")
        for schema, tables in (("main", TABLES), ("facts", FACTS)):
            for table in tables:
                columns = ", ".join(f'"{column.name}" {column.type.value}' for column in table)
                connection.execute(f"CREATE TABLE {schema}.{table.name} ({columns})")
        yield connection


def test_rows_are_inserted_replaced_and_deleted(database, tmp_path):
    replay(
        database,
        "main",
        TABLES,
        [
            RowChange("groups", ("1",), {"id": "1", "display_name": "One", "created_at": "2026-01-02T03:04:05Z"}),
            RowChange("groups", ("2",), {"id": "2"}),
        ],
        tmp_path,
    )
    replay(
        database,
        "main",
        TABLES,
        [
            RowChange("groups", ("1",), {"id": "1", "display_name": "Uno"}),
            RowChange("groups", ("2",), None),
            RowChange("groups", ("3",), {"id": "3"}),
            RowChange("groups", ("3",), None),
            RowChange("nothing", ("3",), None),
        ],
        tmp_path,
    )
    assert database.execute("SELECT id, display_name, created_at FROM groups ORDER BY id").fetchall() == [
        ("1", "Uno", None)
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_key_may_be_null_in_part(database, tmp_path):
    direct = ("ada", "e5", None)
    replay(
        database,
        "facts",
        FACTS,
        [
            RowChange("license_states", direct, {"account_id": "ada", "sku_id": "e5", "disabled_plans": ["x"]}),
            RowChange(
                "license_states",
                ("ada", "e5", "sales"),
                {"account_id": "ada", "sku_id": "e5", "assigned_by_group": "sales"},
            ),
        ],
        tmp_path,
    )
    replay(database, "facts", FACTS, [RowChange("license_states", direct, None)], tmp_path)
    assert database.execute("SELECT assigned_by_group FROM facts.license_states").fetchall() == [("sales",)]
