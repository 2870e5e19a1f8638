"""``inherited_grants``: for every grant that a group holds, everyone who has it through that group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from connector.access.inheritance import GroupPath, group_paths
from connector.access.tables import INHERITED_GRANTS
from connector.settings import InheritedGrants, Settings

if TYPE_CHECKING:
    import duckdb

_BATCH = 10_000  # paths encoded at a time

# Which grants of groups pass to whom. `nested`: to the members of nested groups, too; app roles go to direct ones only.
_HELD = """
CREATE TABLE held AS
SELECT
    g.id AS grant_id, g.entitlement_id, g.resource_kind, g.resource_id, g.scope, g.principal_id AS holder,
    g.resource_kind IN ('group', 'directory_role') AS nested,
    CASE WHEN g.resource_kind = 'group' THEN g.resource_id END AS avoiding
FROM grants AS g
LEFT JOIN groups AS r ON g.resource_kind = 'group' AND r.id = g.resource_id
WHERE g.principal_kind = 'group'
    AND g.resource_kind IN ('group', 'directory_role', 'enterprise_application')
    AND NOT ends_with(g.entitlement_id, ':owner')
    AND {asked}
    AND (NOT $privileged OR g.resource_kind = 'directory_role' OR coalesce(r.is_assignable_to_role, false))
"""

_MEMBERS = """
CREATE TABLE members AS
SELECT resource_id AS group_id, principal_kind, principal_id
FROM grants
WHERE resource_kind = 'group' AND ends_with(entitlement_id, ':member')
"""

_PATHS = """
CREATE TABLE paths AS
SELECT * FROM read_json(?, format = 'newline_delimited', columns = {
    'place': 'BIGINT', 'holder': 'VARCHAR', 'avoiding': 'VARCHAR', 'descendant': 'VARCHAR', 'path': 'VARCHAR[]',
    'depth': 'BIGINT'})
"""

# Paths that keep clear of the group that the grant is on exist only where there is a cycle to keep clear of.
_REACHED = """
CREATE TABLE reached AS
SELECT h.*, p.place, p.descendant, p.path, p.depth
FROM held AS h
LEFT JOIN (SELECT DISTINCT holder, avoiding FROM paths WHERE avoiding IS NOT NULL) AS clear
    ON clear.holder = h.holder AND clear.avoiding = h.avoiding
JOIN paths AS p ON p.holder = h.holder AND p.avoiding IS NOT DISTINCT FROM clear.avoiding
WHERE h.nested OR p.depth = 1
"""

_INHERITED = """
CREATE TABLE all_inherited AS
SELECT
    r.grant_id, any_value(m.principal_kind) AS principal_kind, m.principal_id, min(r.place) AS place
FROM reached AS r
JOIN members AS m ON m.group_id = r.descendant
WHERE m.principal_id <> r.holder
    AND m.principal_id IS DISTINCT FROM r.avoiding
    AND (r.nested OR m.principal_kind <> 'group')
GROUP BY r.grant_id, m.principal_id
"""

_KEPT = """
CREATE TABLE inherited_grants AS
SELECT
    i.grant_id, i.principal_kind, i.principal_id, r.entitlement_id, r.resource_kind, r.resource_id, r.scope,
    r.holder AS through_group_id, r.depth, r.path
FROM (SELECT * FROM all_inherited ORDER BY grant_id, principal_id LIMIT $most) AS i
JOIN reached AS r ON r.grant_id = i.grant_id AND r.place = i.place
"""


@dataclass(frozen=True, slots=True)
class Inherited:
    """What is not in ``inherited_grants``.

    Attributes:
        over_limit: rows left out because of INHERITED_GRANTS_LIMIT.
        too_deep: nested groups not followed because of INHERITED_GRANTS_MAX_DEPTH.
    """

    over_limit: int = 0
    too_deep: int = 0


def derive_inherited(
    database: duckdb.DuckDBPyConnection, settings: Settings, folder: Path, *, asked: str = ""
) -> Inherited:
    """Make the table ``inherited_grants`` from ``grants`` and ``groups``; ``folder`` holds what does not fit in memory.

    Args:
        asked: a table whose ``grant_id`` names the grants of groups that count; empty: all do.
    """
    if settings.inherited_grants is InheritedGrants.OFF:
        columns = ", ".join(f"{column.name} {column.type.value}" for column in INHERITED_GRANTS)
        database.execute(f"CREATE TABLE inherited_grants ({columns})")
        return Inherited()
    only = f"g.id IN (SELECT grant_id FROM {asked})" if asked else "true"  # noqa: S608
    database.execute(_HELD.format(asked=only), {"privileged": settings.inherited_grants is InheritedGrants.PRIVILEGED})
    database.execute(_MEMBERS)
    edges = database.execute(
        "SELECT principal_id, group_id FROM members WHERE principal_kind = 'group' ORDER BY ALL"
    ).fetchall()
    held = database.execute("SELECT DISTINCT holder, avoiding FROM held ORDER BY ALL").fetchall()
    paths = group_paths(edges, held, settings.inherited_max_depth)
    file = folder / "paths.jsonl"
    _write(file, paths)
    database.execute(_PATHS, [str(file)])
    for statement in (_REACHED, _INHERITED):
        database.execute(statement)
    database.execute(_KEPT, {"most": settings.inherited_limit})
    found = _count(database, "all_inherited")
    return Inherited(over_limit=max(0, found - settings.inherited_limit), too_deep=paths.cut)


def _write(file: Path, paths: Iterable[GroupPath]) -> None:
    """Write the paths with their place in line, in batches: there may be many more of them than groups."""
    encoder, numbered = msgspec.json.Encoder(), enumerate(paths)
    with file.open("wb") as lines:
        while batch := [{"place": place, **path._asdict()} for place, path in islice(numbered, _BATCH)]:
            lines.write(encoder.encode_lines(batch))


def _count(database: duckdb.DuckDBPyConnection, table: str) -> int:
    row = database.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
    return int(row[0]) if row else 0
