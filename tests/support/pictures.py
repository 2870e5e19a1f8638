"""Comparing a published snapshot with the tenant's truth, table by table, so that a difference can be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from connector.access.tables import TABLES, Table

Rows = Sequence[Mapping[str, Any]]
Picture = Mapping[str, Rows]


def read_snapshot(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Every table of a snapshot whose parts lie in ``folder/{table}/``."""
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        picture = {}
        for table in TABLES:
            found = database.execute(f"SELECT * FROM read_parquet('{folder}/{table.name}/*.parquet')")
            names = [column[0] for column in found.description]
            assert tuple(names) == table.column_names, f"{table.name} does not have the columns that it promises"
            picture[table.name] = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return picture


def differences(snapshot: Picture, truth: Picture, *, at_most: int = 5) -> list[str]:
    """One line for each row that is missing, surplus or different; empty where both say the same.

    Paths of inherited grants are not compared: several shortest ones may exist. :func:`broken_paths` checks them.
    """
    found: list[str] = []
    for table in TABLES:
        ignored = {"path"} if table.name == "inherited_grants" else set()
        ours, theirs = _by_key(table, snapshot[table.name]), _by_key(table, truth[table.name])
        lines = [f"{table.name}: missing {theirs[key]}" for key in theirs.keys() - ours.keys()]
        lines += [f"{table.name}: surplus {ours[key]}" for key in ours.keys() - theirs.keys()]
        for key in ours.keys() & theirs.keys():
            unlike = {
                name: (ours[key].get(name), theirs[key].get(name))
                for name in table.column_names
                if name not in ignored and ours[key].get(name) != theirs[key].get(name)
            }
            if unlike:
                lines.append(f"{table.name}: {key}: (snapshot, truth) of {unlike}")
        found += sorted(lines)[:at_most] + ([f"{table.name}: … {len(lines)} in all"] if len(lines) > at_most else [])
    return found


def broken_paths(snapshot: Picture) -> list[str]:
    """One line for each path of an inherited grant that the facts of the same snapshot do not bear out."""
    members = {
        (grant["principal_id"], grant["resource_id"])
        for grant in snapshot["grants"]
        if grant["entitlement_id"].endswith(":member")
    }
    broken = []
    for row in snapshot["inherited_grants"]:
        path = row["path"]
        steps = zip([row["principal_id"], *path], path, strict=False)
        if (
            not path
            or path[-1] != row["through_group_id"]
            or len(path) != row["depth"]
            or len(set(path)) != len(path)
            or row["resource_id"] in path
            or any(step not in members for step in steps)
        ):
            broken.append(f"{row['principal_id']} {row['grant_id']}: {path}")
    return broken


def _by_key(table: Table, rows: Rows) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    by_key: dict[tuple[Any, ...], Mapping[str, Any]] = {
        tuple(row[name] for name in table.key): _plain(row) for row in rows
    }
    assert len(by_key) == len(rows), f"{table.name}: rows are not unique by {table.key}"
    return by_key


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _utc(value) if isinstance(value, datetime) else value for name, value in row.items()}


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
