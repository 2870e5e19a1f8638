"""Replaying changes: of each key the last one holds, whatever there was before."""

from __future__ import annotations

import duckdb
import pytest

from connector.access.staged import FACTS
from connector.access.tables import DIRECTORY_ROLES, GROUPS, LICENSES, TABLES
from connector.journal.replay import RowChange, overlay, replay


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


def as_base(table, values):
    """A query of rows of ``table`` with ids and nothing else."""
    columns = ", ".join(f'CAST({"id" if c.name == "id" else "NULL"} AS {c.type.value}) AS "{c.name}"' for c in table)
    return f"SELECT {columns} FROM (VALUES {', '.join(f'({value!r})' for value in values)}) AS given(id)"


def test_an_overlay_shows_changed_rows_and_copies_no_others(tmp_path):
    changes = [
        RowChange("licenses", ("1",), None),
        RowChange("licenses", ("2",), {"id": "2", "service_plans": [{"id": "p", "name": "P"}], "consumed_units": 7}),
        RowChange("licenses", ("3",), {"id": "3"}),
        RowChange("licenses", ("4",), {"id": "4"}),
        RowChange("licenses", ("4",), None),
        RowChange("groups", ("x",), None),
        RowChange("nothing", ("x",), {"id": "x"}),
    ]
    bases = {table: as_base(table, ["0", "1", "2"]) for table in (LICENSES, DIRECTORY_ROLES)}
    bases[GROUPS] = as_base(GROUPS, ["x"])
    with duckdb.connect() as database:
        overlay(database, "main", bases, changes, tmp_path)

        shown = "SELECT id, consumed_units, service_plans FROM licenses ORDER BY id"
        assert database.execute(shown).fetchall() == [
            ("0", None, None),
            ("2", 7, [{"id": "p", "name": "P", "provisioning_status": None}]),
            ("3", None, None),
        ]
        assert database.execute("SELECT id FROM directory_roles ORDER BY id").fetchall() == [("0",), ("1",), ("2",)]
        assert database.execute("FROM groups").fetchall() == []
        for table in bases:
            columns = [name for name, *_ in database.execute(f"DESCRIBE {table.name}").fetchall()]
            assert columns == list(table.column_names)
        copied = database.execute("SELECT table_name, estimated_size FROM duckdb_tables() ORDER BY ALL").fetchall()
    assert copied == [("groups gone", 1), ("groups news", 0), ("licenses gone", 4), ("licenses news", 2)]
    assert list(tmp_path.iterdir()) == []
