"""What the rules make now of what may differ, against what the tables say.

For every table that may differ: ``stale``, the rows in force that no longer hold, and ``fresh``, those that hold from now on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from connector.access.tables import INHERITED_GRANTS, TABLES, Table
from connector.incremental.deriving.reach import Reach
from connector.journal.rows import json_rows
from connector.storage.journal import RowDifference

if TYPE_CHECKING:
    import duckdb

_KINDS = {
    "accounts": "account",
    "groups": "group",
    "enterprise_applications": "enterprise_application",
    "directory_roles": "directory_role",
    "licenses": "license",
}


def compare(database: duckdb.DuckDBPyConnection, reached: Reach) -> tuple[Table, ...]:
    """Make ``stale`` and ``fresh`` for what is in ``touched`` and ``pairs``: of which tables? ``inherited_grants`` is not among them."""
    database.execute("CREATE SCHEMA stale; CREATE SCHEMA fresh")
    compared = tuple(table for table in TABLES if table is not INHERITED_GRANTS and _may_differ(table, reached))
    for table in compared:
        compare_table(database, table, [_which(table, reached)])
    return compared


def nothing_differs(database: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Make ``stale`` and ``fresh`` of a table, empty."""
    for schema in ("stale", "fresh"):
        database.execute(f"CREATE TABLE {schema}.{table.name} AS FROM replica.main.{table.name} LIMIT 0")


def compare_table(database: duckdb.DuckDBPyConnection, table: Table, which: Sequence[str], made: str = "main") -> None:
    """Compare the rows of one table.

    Args:
        which: what follows ``FROM {table} AS r`` to choose the rows that count; any of these ways.
        made: the schema in which the table was made anew.
    """
    name = table.name
    names = ", ".join(f'r."{column.name}"' for column in table)
    typed = ", ".join(f'CAST(r."{column.name}" AS {column.type.value}) AS "{column.name}"' for column in table)
    old = " UNION ".join(f"SELECT {names} FROM replica.main.{name} AS r {way}" for way in which)  # noqa: S608
    new = " UNION ".join(f"SELECT {typed} FROM {made}.{name} AS r {way}" for way in which)  # noqa: S608
    database.execute(
        f"CREATE TABLE compared_old AS {old}; CREATE TABLE compared_new AS {new};"
        f"CREATE TABLE stale.{name} AS FROM compared_old EXCEPT FROM compared_new;"
        f"CREATE TABLE fresh.{name} AS FROM compared_new EXCEPT FROM compared_old;"
        "DROP TABLE compared_old; DROP TABLE compared_new"
    )


def row_differences(database: duckdb.DuckDBPyConnection, compared: Iterable[Table]) -> Iterator[RowDifference]:
    """What differs in the tables that were compared, by table and key."""
    for table in compared:
        before = _by_key(database, table, "stale")
        after = _by_key(database, table, "fresh")
        for key in sorted(before.keys() | after.keys()):
            yield RowDifference(table.name, key, before.get(key), after.get(key))


def _by_key(database: duckdb.DuckDBPyConnection, table: Table, schema: str) -> dict[tuple[str, ...], dict[str, Any]]:
    rows = json_rows(database, table, f"FROM {schema}.{table.name}")
    return {tuple(row[name] for name in table.key): row for row in rows}


def _may_differ(table: Table, reached: Reach) -> bool:
    if table.name == "grants":
        return bool(reached.pairs)
    if table.name == "entitlements":
        return bool(reached.offered)
    return _KINDS[table.name] in reached.touched


def _which(table: Table, reached: Reach) -> str:
    if table.name in _KINDS:
        return f"WHERE r.id IN (SELECT id FROM touched WHERE kind = '{_KINDS[table.name]}')"  # noqa: S608
    if table.name == "entitlements":
        kinds = ", ".join(f"'{kind}'" for kind in sorted(reached.offered))
        return f"SEMI JOIN touched AS t ON t.kind = r.resource_kind AND t.id = r.resource_id AND t.kind IN ({kinds})"
    return (
        "SEMI JOIN pairs AS p ON p.kind = r.resource_kind AND p.resource_id = r.resource_id "
        "AND p.principal_id = r.principal_id"
    )
