"""The state in force made readable while another one is built: its tables as ``previous``, its facts as ``last_good``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from connector.access.staged import FACTS
from connector.access.tables import TABLES, Table
from connector.sync.publishing.previous import Previous

if TYPE_CHECKING:
    import duckdb

# Graph lists every assignment in force among the role assignments, whether PIM made it or not. So one that was there and is not
# any more has ended, even where what PIM says of it cannot be read.
_IN_FORCE = """
CREATE VIEW last_good.role_assignment_instances AS
SELECT * FROM known.role_assignment_instances AS i
WHERE ({still}) IS TRUE OR ({before}) IS NOT TRUE
"""
_TOLD = """
i.origin_id IN (SELECT id FROM {assignments}) OR (i.origin_id IS NULL AND (i.principal_id, i.role_id, coalesce(i.scope, '/')) IN (
    SELECT (principal_id, role_id, coalesce(scope, '/')) FROM {assignments}))
"""


def recall(database: duckdb.DuckDBPyConnection, previous: Previous | None) -> None:
    """Make the schemas ``previous`` and ``last_good``; all tables in them are empty where there is no previous snapshot."""
    database.execute("CREATE SCHEMA previous; CREATE SCHEMA known; CREATE SCHEMA last_good; CREATE SCHEMA carried")
    for table in TABLES:
        _make_view(database, "previous", table, previous.files if previous else {})
    for table in FACTS:
        schema = "known" if table.name == "role_assignment_instances" else "last_good"
        _make_view(database, schema, table, previous.facts if previous else {})
    still, before = (_TOLD.format(assignments=f"{schema}.role_assignments") for schema in ("staged", "last_good"))
    database.execute(_IN_FORCE.format(still=still, before=before))


def _make_view(database: duckdb.DuckDBPyConnection, schema: str, table: Table, files: Mapping[str, Path]) -> None:
    """A view of the file of ``table``; columns that another version did not have are null."""
    known: set[str] = set()
    source = "range(0)"
    if table.name in files:
        source = f"read_parquet('{files[table.name]}')"
        known = {row[0] for row in database.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}  # noqa: S608
    columns = ", ".join(
        f'CAST({_quoted(column.name) if column.name in known else "NULL"} AS {column.type.value}) AS "{column.name}"'
        for column in table
    )
    database.execute(f"CREATE VIEW {schema}.{table.name} AS SELECT {columns} FROM {source}")  # noqa: S608


def _quoted(name: str) -> str:
    return f'"{name}"'
