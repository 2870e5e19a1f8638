"""The state in force made readable while another one is built: its tables as ``previous``, its facts as ``known``, and of these,
as ``last_good``, what stays where nothing new could be read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from connector.access.staged import FACTS
from connector.access.tables import TABLES, Table
from connector.journal.literals import identifier, quoted
from connector.journal.replay import overlay
from connector.sync.publishing.previous import Previous

if TYPE_CHECKING:
    import duckdb

_TOLD = """
i.origin_id IN (SELECT id FROM {assignments}) OR (i.origin_id IS NULL AND (i.principal_id, i.role_id, coalesce(i.scope, '/')) IN (
    SELECT (principal_id, role_id, coalesce(scope, '/')) FROM {assignments}))
"""


def recall(database: duckdb.DuckDBPyConnection, previous: Previous | None, folder: Path) -> None:
    """Make the schemas ``previous`` and ``known``: snapshot and journal; empty tables where there is no previous state."""
    database.execute("CREATE SCHEMA previous; CREATE SCHEMA known")
    tables, facts = (previous.files, previous.facts) if previous else ({}, {})
    changes, fact_changes = (previous.changes, previous.fact_changes) if previous else ((), ())
    overlay(database, "previous", {table: _rows(database, table, tables) for table in TABLES}, changes, folder)
    overlay(database, "known", {table: _rows(database, table, facts) for table in FACTS}, fact_changes, folder)


def make_last_good(database: duckdb.DuckDBPyConnection) -> None:
    """Make the schema ``last_good``, once the staged tables and ``known`` are there."""
    database.execute("CREATE SCHEMA last_good; CREATE SCHEMA carried")
    for table in FACTS:
        query = f"FROM known.{table.name}"
        if table.name == "role_assignment_instances":
            query += f" AS i WHERE NOT {has_ended('known.role_assignments', 'staged.role_assignments')}"
        database.execute(f"CREATE VIEW last_good.{table.name} AS {query}")


def has_ended(before: str, now: str) -> str:
    """SQL that is true of ``i``, a role assignment instance, where it has ended although PIM does not say so.

    Graph lists every assignment in force among the role assignments, whether PIM made it or not. So one that was there and is not
    any more has ended, even where what PIM says of it cannot be read.

    Args:
        before: the table of role assignments that were known, ``now``: of those that there are.
    """
    return f"(({_TOLD.format(assignments=before)}) IS TRUE AND ({_TOLD.format(assignments=now)}) IS NOT TRUE)"


def _rows(database: duckdb.DuckDBPyConnection, table: Table, files: Mapping[str, Path]) -> str:
    """A query of the rows of ``table`` in its file; columns that another version did not have are null."""
    known: set[str] = set()
    source = "range(0)"
    if table.name in files:
        source = f"read_parquet({quoted(files[table.name])})"
        known = {row[0] for row in database.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}  # noqa: S608
    columns = ", ".join(
        f'CAST({identifier(column.name) if column.name in known else "NULL"} AS {column.type.value}) AS "{column.name}"'
        for column in table
    )
    return f"SELECT {columns} FROM {source}"  # noqa: S608
