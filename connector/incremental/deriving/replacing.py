"""Rows that are gone because what was read is all there is; unless so many are gone that the answer looks partial."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from connector.access.tables import Table
from connector.incremental.facts import Replace
from connector.settings import Settings
from connector.storage.records import Shrinking
from connector.sync.publishing.naming import names_what_is_there, same_key

if TYPE_CHECKING:
    import duckdb

_Batch = tuple[str, frozenset[tuple[str, str]], bool]


def replace(
    database: duckdb.DuckDBPyConnection, table: Table, replaced: Iterable[Replace], settings: Settings
) -> list[Shrinking]:
    """Add the keys of what is gone from ``table`` to ``going``, beside what is gone for other reasons; what is held back instead.

    Args:
        replaced: of ``table``; what was said of it is in ``said``.
    """
    batches: dict[_Batch, list[str]] = {}
    for one in replaced:
        batches.setdefault((one.column, one.but, one.limited), []).append(one.id)
    held_back: list[Shrinking] = []
    for (column, but, limited), ids in batches.items():
        if not _go(database, table, column, but, ids):
            continue
        if limited and settings.shrink_limit_percent:
            held_back += _hold_back(database, table, column, settings)
        keys = ", ".join(f'"{name}"' for name in table.key)
        database.execute(f"INSERT INTO going.{table.name} SELECT {keys} FROM would_go")  # noqa: S608
    return held_back


def _go(
    database: duckdb.DuckDBPyConnection,
    table: Table,
    column: str,
    but: frozenset[tuple[str, str]],
    ids: list[str],
) -> bool:
    """Make ``asked_ids`` (the ids that were asked for) and ``would_go``, rows with such an id that were not said again: are there any?"""
    if column not in ("", *table.column_names) or any(name not in table.column_names for name, _ in but):
        raise ValueError(f"{table.name} has no such column: {column or but}")
    if column:
        database.execute("CREATE OR REPLACE TABLE asked_ids AS SELECT DISTINCT unnest($ids) AS id", {"ids": ids})
    spared: dict[str, list[str]] = {}
    for name, value in sorted(but):
        spared.setdefault(name, []).append(value)
    types = {one.name: one.type.value for one in table}
    stays = " OR ".join(
        f'(r."{name}" IN (SELECT CAST(unnest(CAST(? AS VARCHAR[])) AS {types[name]}))) IS TRUE' for name in spared
    )
    made = database.execute(
        f"CREATE OR REPLACE TABLE would_go AS SELECT r.*, {_id(column)} AS replaced_id "  # noqa: S608
        f"FROM replica.facts.{table.name} AS r ANTI JOIN said.{table.name} AS s ON {same_key(table, 's', 'r')} {_not_gone(table)} "
        f"WHERE {_asked(column)} AND NOT ({stays or False})",
        list(spared.values()),
    ).fetchone()
    return bool(made and made[0])


def _hold_back(
    database: duckdb.DuckDBPyConnection, table: Table, column: str, settings: Settings
) -> Iterator[Shrinking]:
    """Let nothing go where too much would, of those rows that could still be there."""
    possible = names_what_is_there(table.name, "r", "present")
    query = f"""
    SELECT w.id, w.rows, w.rows - coalesce(g.rows, 0) + coalesce(c.rows, 0)
    FROM (
        SELECT {_id(column)} AS id, count(*) AS rows FROM replica.facts.{table.name} AS r {_not_gone(table)}
        WHERE {_asked(column)} AND {possible} GROUP BY 1
    ) AS w
    LEFT JOIN (SELECT replaced_id, count(*) AS rows FROM would_go AS r WHERE {possible} GROUP BY 1) AS g
        ON g.replaced_id = w.id
    LEFT JOIN (
        SELECT {_id(column)} AS id, count(*) AS rows FROM said.{table.name} AS r
        ANTI JOIN replica.facts.{table.name} AS o ON {same_key(table, "o", "r")}
        GROUP BY 1
    ) AS c ON c.id = w.id
    ORDER BY 1
    """  # noqa: S608
    for id_, was, now in database.execute(query).fetchall():
        if was - now >= settings.shrink_limit_rows and (was - now) * 100 > was * settings.shrink_limit_percent:
            database.execute("DELETE FROM would_go WHERE replaced_id = ?", [id_])
            yield Shrinking(table=table.name, was=was, now=now)


def _not_gone(table: Table) -> str:
    """What is gone for a reason of its own counts neither as lost nor as what there was."""
    return f"ANTI JOIN going.{table.name} AS d ON {same_key(table, 'd', 'r')}"


def _id(column: str) -> str:
    """What tells by which replacement a row is gone; without a column there is one of the whole table."""
    return f'r."{column}"' if column else "''"


def _asked(column: str) -> str:
    """SQL that is true of rows that a replacement is about; without a column it is about all."""
    return f"{_id(column)} IN (SELECT id FROM asked_ids)" if column else "true"  # noqa: S608
