"""Deriving changes from a reading: the facts that differ, what they reach, and the rules of publishing applied to that.

One set of rules, two sizes: ``sync/publishing/sql`` makes all rows of all tables from all facts; here it makes those rows that a
change can reach, from the facts around them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from connector.access.tables import INHERITED_GRANTS, Table
from connector.incremental.deriving.derived import Derived, TooMuchAtOnce
from connector.incremental.deriving.differing import compare, row_differences
from connector.incremental.deriving.inheriting import inherit
from connector.incremental.deriving.reach import reach
from connector.incremental.deriving.stating import fact_changes, state
from connector.incremental.deriving.surroundings import surround
from connector.incremental.facts import Reading
from connector.incremental.replica import Replica
from connector.settings import Settings
from connector.sync.publishing.database import build_tables, set_options

if TYPE_CHECKING:
    import duckdb


MOST_ROWS = 250_000
"""Most rows, of tables and fact tables, that may differ at once: a segment of 135 MB, which takes 0.7 GB of memory and 8 s to derive,
write and apply (measured with 125,000 new accounts). A group may get 100,000 members at once."""


def derive(replica: Replica, reading: Reading, settings: Settings, *, now: datetime) -> Derived:
    """What ``reading`` changes of the state that ``replica`` holds. The replica stays as it is. Blocking.

    ``INHERITED_GRANTS_LIMIT`` counts all rows, so only full syncs apply it.

    Args:
        now: when the reading was made, with a zone: tombstones say so.

    Raises:
        TooMuchAtOnce: more than :data:`MOST_ROWS` differ.
        ValueError: the replica is empty.
    """
    position = replica.position
    if position is None:
        raise ValueError("an empty replica knows nothing that could differ")
    with replica.workspace() as database, TemporaryDirectory(prefix="derive-", dir=replica.folder) as name:
        folder = Path(name)
        stated = state(database, reading, settings, now, folder)
        if not stated.moved:
            return Derived([], [], stated.held_back)
        set_options(database, settings, provisioning_jobs_read=position.provisioning_jobs_read)
        reached = reach(database, stated.moved, settings)
        build_tables(database, only=surround(database, reached, settings))
        compared = compare(database, reached)
        if inherit(database, settings, folder, compared):
            compared = (*compared, INHERITED_GRANTS)
        _check_number(database, stated.moved, compared)
        return Derived(
            list(row_differences(database, compared)), list(fact_changes(database, stated.moved)), stated.held_back
        )


def _check_number(database: duckdb.DuckDBPyConnection, moved: Iterable[Table], compared: Iterable[Table]) -> None:
    """Count what differs before any of it is fetched. What changes is there before and after."""
    which = [f"{schema}.{table.name}" for schema in ("stale", "fresh") for table in compared]
    which += [f"{schema}.{table.name}" for schema in ("leaving", "coming") for table in moved]
    query = " UNION ALL ".join(f"SELECT count(*) AS rows FROM {name}" for name in which)  # noqa: S608
    [(rows,)] = database.execute(f"SELECT CAST(sum(rows) AS BIGINT) FROM ({query})").fetchall()  # noqa: S608
    if rows > MOST_ROWS:
        raise TooMuchAtOnce(MOST_ROWS)
