"""Inherited grants of what may inherit otherwise than before: because a membership, the nesting or a group's grant changed.

``asked_grants`` names grants of which everybody may; ``asked_pairs`` holders (groups) and principals of which the one may come to
inherit from the other, or along another path. Only a walk that goes through a membership can be other than it was when that
membership comes or goes, so those are the holders above it and who is below it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from connector.access.tables import GRANTS, GROUPS, INHERITED_GRANTS, Table
from connector.incremental.deriving.differing import compare_table, nothing_differs
from connector.settings import InheritedGrants, Settings
from connector.sync.publishing.inheriting import derive_inherited

if TYPE_CHECKING:
    import duckdb

_UNLIMITED = 2**62  # the limit counts all rows, and only a full sync sees all

# What was or is there, and what of it came or went. All that counts here of a grant is in its id.
_GRANTS = """
CREATE VIEW grants_ever AS FROM replica.main.grants UNION ALL BY NAME FROM fresh.grants;

CREATE TABLE gone AS SELECT id FROM stale.grants WHERE id NOT IN (SELECT id FROM fresh.grants);

CREATE TABLE moved_grants AS
FROM stale.grants WHERE id IN (SELECT id FROM gone)
UNION ALL BY NAME
FROM fresh.grants WHERE id NOT IN (SELECT id FROM stale.grants);

CREATE TABLE moved_members AS
SELECT resource_id AS group_id, principal_kind, principal_id
FROM moved_grants
WHERE resource_kind = 'group' AND ends_with(entitlement_id, ':member');

CREATE TABLE asked_grants AS
SELECT id AS grant_id, principal_id AS holder FROM moved_grants WHERE principal_kind = 'group'
UNION
SELECT g.id, g.principal_id
FROM grants_ever AS g
JOIN stale.groups AS s ON s.id = g.resource_id
JOIN fresh.groups AS f ON f.id = s.id
WHERE $privileged AND g.resource_kind = 'group' AND g.principal_kind = 'group'
    AND s.is_assignable_to_role IS DISTINCT FROM f.is_assignable_to_role;
"""

_EDGES = """
CREATE TABLE edges AS
SELECT DISTINCT principal_id AS child, resource_id AS parent
FROM grants_ever
WHERE principal_kind = 'group' AND resource_kind = 'group' AND ends_with(entitlement_id, ':member');

-- Groups above each membership that came or went, and groups below it.
CREATE TABLE above AS
WITH RECURSIVE up (start, id) AS (
    SELECT DISTINCT group_id, group_id FROM moved_members
    UNION
    SELECT u.start, e.parent FROM up AS u JOIN edges AS e ON e.child = u.id
)
FROM up;

CREATE TABLE below AS
WITH RECURSIVE down (start, id) AS (
    SELECT DISTINCT principal_id, principal_id FROM moved_members WHERE principal_kind = 'group'
    UNION
    SELECT d.start, e.child FROM down AS d JOIN edges AS e ON e.parent = d.id
)
FROM down;

CREATE TABLE holding AS
SELECT DISTINCT id AS grant_id, principal_id AS holder
FROM grants_ever
WHERE principal_kind = 'group'
    AND principal_id IN (SELECT id FROM above)
    AND resource_kind IN ('group', 'directory_role', 'enterprise_application')
    AND NOT ends_with(entitlement_id, ':owner');

CREATE TABLE asked_pairs AS
WITH holders AS (SELECT DISTINCT a.start, a.id AS holder FROM above AS a SEMI JOIN holding AS h ON h.holder = a.id)
SELECT h.holder, m.principal_id
FROM moved_members AS m
JOIN holders AS h ON h.start = m.group_id
UNION
SELECT h.holder, p.principal_id
FROM moved_members AS m
JOIN holders AS h ON h.start = m.group_id
JOIN below AS b ON b.start = m.principal_id
JOIN grants_ever AS p ON p.resource_id = b.id AND p.resource_kind = 'group' AND ends_with(p.entitlement_id, ':member')
WHERE m.principal_kind = 'group';

CREATE TABLE asked AS
SELECT grant_id, holder FROM asked_grants
UNION
SELECT grant_id, holder FROM holding SEMI JOIN asked_pairs USING (holder);
"""

# The grants that the rules of publishing are applied to: those that are asked for, the nesting below who holds them, and the
# memberships of who may inherit.
_AROUND = """
CREATE TABLE nested AS
WITH RECURSIVE down (id) AS (
    SELECT DISTINCT holder FROM asked
    UNION
    SELECT e.child FROM down AS d JOIN edges AS e ON e.parent = d.id
)
FROM down;

CREATE TABLE nested_fully AS
WITH RECURSIVE down (id) AS (
    SELECT DISTINCT holder FROM asked_grants
    UNION
    SELECT e.child FROM down AS d JOIN edges AS e ON e.parent = d.id
)
FROM down;

CREATE SCHEMA inheriting;

CREATE TABLE inheriting.grants AS
SELECT id, entitlement_id, resource_kind, resource_id, scope, principal_kind, principal_id
FROM (
    FROM grants_ever WHERE principal_kind = 'group' AND id IN (SELECT grant_id FROM asked)
    UNION ALL
    FROM grants_ever WHERE principal_kind = 'group' AND resource_id IN (SELECT id FROM nested)
    UNION ALL
    FROM grants_ever AS m SEMI JOIN asked_pairs AS p ON p.principal_id = m.principal_id WHERE m.resource_kind = 'group'
    UNION ALL
    FROM grants_ever AS m SEMI JOIN nested_fully AS n ON n.id = m.resource_id WHERE m.resource_kind = 'group'
)
WHERE id NOT IN (SELECT id FROM gone)
GROUP BY ALL;

CREATE TABLE inheriting.groups AS
SELECT id, is_assignable_to_role FROM fresh.groups
UNION ALL
SELECT id, is_assignable_to_role
FROM replica.main.groups
WHERE id IN (SELECT resource_id FROM inheriting.grants) AND id NOT IN (SELECT id FROM stale.groups);
"""
_WHICH = (
    "SEMI JOIN asked_grants AS a ON a.grant_id = r.grant_id",
    "SEMI JOIN asked_pairs AS p ON p.holder = r.through_group_id AND p.principal_id = r.principal_id",
)


def inherit(database: duckdb.DuckDBPyConnection, settings: Settings, folder: Path, compared: Collection[Table]) -> bool:
    """Make ``stale`` and ``fresh`` of ``inherited_grants`` if anything may be inherited otherwise than before: may it?

    Args:
        folder: where files may lie for a moment.
        compared: tables that have ``stale`` and ``fresh``.
    """
    if settings.inherited_grants is InheritedGrants.OFF or not {GRANTS, GROUPS} & {*compared}:
        return False
    for table in {GRANTS, GROUPS} - {*compared}:
        nothing_differs(database, table)
    database.execute(_GRANTS, {"privileged": settings.inherited_grants is InheritedGrants.PRIVILEGED})
    if not _any(database, "SELECT EXISTS (FROM moved_members) OR EXISTS (FROM asked_grants)"):
        return False
    database.execute(_EDGES)
    if not _any(database, "SELECT EXISTS (FROM asked)"):
        return False
    database.execute(_AROUND)
    database.execute("USE work.inheriting")
    derive_inherited(database, replace(settings, inherited_limit=_UNLIMITED), folder, asked="work.main.asked")
    database.execute("USE work")
    compare_table(database, INHERITED_GRANTS, _WHICH, made="inheriting")
    return True


def _any(database: duckdb.DuckDBPyConnection, query: str) -> bool:
    found = database.execute(query).fetchone()
    return bool(found and found[0])
