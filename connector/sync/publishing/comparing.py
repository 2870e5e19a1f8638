"""How a new snapshot differs from the one that was in force: what incremental rounds should have said, and drift if not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from connector.access.tables import INHERITED_GRANTS, TABLES, Table
from connector.storage.records import TableChanges, TableFacts
from connector.sync.publishing.previous import Previous

if TYPE_CHECKING:
    import duckdb

COMPARED = tuple(table for table in TABLES if table is not INHERITED_GRANTS)
"""What is compared. ``inherited_grants`` follows from the facts, and can have many times more rows than they have."""

# Rows are compared as two numbers, so that memory does not grow with their width. Of five million rows the chance that two
# different ones get one number is less than one in a million; nothing but a count depends on it.
_COMPARE = """
SELECT
    count(*) FILTER (old.key IS NULL), count(*) FILTER (new.key IS NULL), count(*) FILTER (old.rest <> new.rest)
FROM (SELECT hash({key}) AS key, hash({rest}) AS rest FROM previous.{table}) AS old
FULL JOIN (SELECT hash({key}) AS key, hash({rest}) AS rest FROM read_parquet(?)) AS new ON new.key = old.key
"""


def compare(
    database: duckdb.DuckDBPyConnection,
    previous: Previous,
    tables: Mapping[str, TableFacts],
    files: Mapping[str, Path],
) -> dict[str, TableChanges]:
    """Rows added, removed and changed since ``previous``, by table.

    Args:
        tables: what the new snapshot holds.
        files: its files, by part name.
    """
    changes = {}
    for table in COMPARED:
        [new] = tables[table.name].parts
        before = previous.manifest.tables.get(table.name)
        same = before is not None and [part.sha256 for part in before.parts] == [new.sha256]
        changes[table.name] = TableChanges() if same else _compare(database, table, files[new.name])
    return changes


def _compare(database: duckdb.DuckDBPyConnection, table: Table, file: Path) -> TableChanges:
    key = ", ".join(f'"{name}"' for name in table.key)
    rest = ", ".join(f'"{name}"' for name in table.column_names if name not in table.key)
    query = _COMPARE.format(key=key, rest=rest, table=table.name)
    [(added, removed, changed)] = database.execute(query, [str(file)]).fetchall()
    return TableChanges(added=added, removed=removed, changed=changed)
