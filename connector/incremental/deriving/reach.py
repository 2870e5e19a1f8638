"""How far a change of facts reaches: which rows of the tables may differ because of it.

Two tables say so. ``touched``: resources whose own row, or whose entitlements, may differ. ``pairs``: resources and principals of
which grants between them may differ. Both may name more than what differs in the end, never less.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.access.tables import Table
from connector.settings import Settings

if TYPE_CHECKING:
    import duckdb

_ROLES = ("role_assignments", "role_assignment_instances", "role_eligibility_instances")

RELATIONS = {
    "memberships": ("group", "group_id", "principal_id"),
    "license_states": ("license", "sku_id", "account_id"),
    "group_licenses": ("license", "sku_id", "group_id"),
    "app_role_assignments": ("enterprise_application", "application_id", "principal_id"),
    "application_owners": ("enterprise_application", "application_id", "principal_id"),
} | dict.fromkeys(_ROLES, ("directory_role", "role_id", "principal_id"))
"""Fact tables that grants are made of: the kind of the resource, and the columns that name it and the principal."""

# Resources that came, went, or are other than they were in what decides about every grant on them; the same of principals and
# every grant that they hold; and what roles are limited to, where its name is another or it was not there. By fact table, the
# columns that matter, and how the thing is called.
_RESOURCES = {
    "groups": (("is_dynamic", "on_premises_sync_enabled", "group_type"), "'group' AS kind, id"),
    "enterprise_applications": ((), "'enterprise_application' AS kind, id"),
    "directory_roles": ((), "'directory_role' AS kind, id"),
    "licenses": ((), "'license' AS kind, id"),
}
_PRINCIPALS = {
    "accounts": ((), "id"),
    "enterprise_applications": ((), "id"),
    "groups": (("on_premises_sync_enabled",), "id"),
}
_SCOPES = {
    "scopes": (("kind", "name"), "id"),
    "enterprise_applications": (("display_name",), "'/' || id AS id"),
}
_UNSETTLED = (
    (
        "unsettled_resources (kind VARCHAR, id VARCHAR)",
        _RESOURCES,
        "FROM relations AS r SEMI JOIN unsettled_resources AS u ON u.kind = r.kind AND u.id = r.resource_id",
    ),
    (
        "unsettled_principals (id VARCHAR)",
        _PRINCIPALS,
        "FROM relations AS r SEMI JOIN unsettled_principals AS u ON u.id = r.principal_id",
    ),
    (
        "unsettled_scopes (id VARCHAR)",
        _SCOPES,
        "SELECT kind, resource_id, principal_id FROM role_relations AS r SEMI JOIN unsettled_scopes AS u ON u.id = r.scope",
    ),
)

# A role assignment is told by its PIM instance, wherever both are: what moves one of them moves the other.
_TOLD = {
    "role_assignments": """
SELECT 'directory_role', i.role_id, i.principal_id
FROM either.role_assignment_instances AS i SEMI JOIN moved.role_assignments AS a ON a.id = i.origin_id""",
    "role_assignment_instances": """
SELECT 'directory_role', a.role_id, a.principal_id
FROM either.role_assignments AS a SEMI JOIN moved.role_assignment_instances AS i ON i.origin_id = a.id""",
}

# SKIP_UNASSIGNED_APPS: applications that may come or go because of what they hold, or of the first or last assignment.
_QUESTIONED = """
CREATE TABLE questioned AS
SELECT DISTINCT e.id
FROM either.enterprise_applications AS e
WHERE (
        e.id IN (SELECT principal_id FROM pairs)
        OR {moved}
    )
    AND (
        e.id NOT IN (SELECT application_id FROM replica.facts.app_role_assignments WHERE application_id IS NOT NULL)
        OR e.id NOT IN (SELECT application_id FROM after.app_role_assignments WHERE application_id IS NOT NULL)
    );
INSERT INTO pairs
FROM relations AS r SEMI JOIN questioned AS q ON r.kind = 'enterprise_application' AND q.id = r.resource_id
EXCEPT FROM pairs;
INSERT INTO touched SELECT 'enterprise_application', id FROM questioned
"""

# The rows of which tables a fact is part of, or is counted in.
_TOUCHED = {
    "accounts": "'account', id",
    "sign_in_activity": "'account', id",
    "mailbox_purposes": "'account', id",
    "groups": "'group', id",
    "memberships": "'group', group_id",
    "enterprise_applications": "'enterprise_application', id",
    "app_roles": "'enterprise_application', application_id",
    "provisioning_jobs": "'enterprise_application', application_id",
    "unread_jobs": "'enterprise_application', application_id",
    "directory_roles": "'directory_role', id",
    "licenses": "'license', id",
}


# What entitlements are made of.
_OFFERED = {
    "groups": "group",
    "directory_roles": "directory_role",
    "licenses": "license",
    "enterprise_applications": "enterprise_application",
    "app_roles": "enterprise_application",
    "app_role_assignments": "enterprise_application",
}


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a change reaches, in kinds of resources.

    Attributes:
        touched: those in ``touched``.
        offered: those of them whose entitlements may differ.
        pairs: those in ``pairs``.
    """

    touched: frozenset[str]
    offered: frozenset[str]
    pairs: frozenset[str]


def reach(database: duckdb.DuckDBPyConnection, moved: Sequence[Table], settings: Settings) -> Reach:
    """Make ``touched`` and ``pairs`` from the facts that differ.

    Under ``SKIP_UNASSIGNED_APPS`` also ``relations``: every pair that a fact tells of, or told of.

    Args:
        moved: the fact tables in which any fact differs.
    """
    names = [table.name for table in moved]
    _show_moved(database, names)
    database.execute("CREATE TABLE pairs (kind VARCHAR, resource_id VARCHAR, principal_id VARCHAR)")
    database.execute("CREATE TABLE touched (kind VARCHAR, id VARCHAR)")
    own = [_relations(name, "moved") for name in names if name in RELATIONS]
    others = [query for name, query in _TOLD.items() if name in names]
    others += [query for columns, rules, query in _UNSETTLED if _make_unsettled(database, columns, rules, names)]
    if others or settings.skip_unassigned_apps:
        _show_either(database, names)
    if own or others:
        database.execute(f"INSERT INTO pairs {' UNION '.join([*own, *others])}")
    if settings.skip_unassigned_apps:
        _question_applications(database, names)
    for name in names:
        if name in _TOUCHED:
            database.execute(f"INSERT INTO touched SELECT {_TOUCHED[name]} FROM moved.{name}")  # noqa: S608
    database.execute(  # who is assigned is counted
        "INSERT INTO touched SELECT DISTINCT kind, resource_id FROM pairs WHERE kind = 'enterprise_application'"
    )
    touched = kinds(database, "touched")
    offered = {_OFFERED[name] for name in names if name in _OFFERED}
    if settings.skip_unassigned_apps:
        offered |= touched & {"enterprise_application"}
    return Reach(touched, frozenset(offered), kinds(database, "pairs"))


def _question_applications(database: duckdb.DuckDBPyConnection, moved: Sequence[str]) -> None:
    ids = {"enterprise_applications": "id", "app_role_assignments": "application_id"}
    conditions = [f"e.id IN (SELECT {column} FROM moved.{name})" for name, column in ids.items() if name in moved]  # noqa: S608
    database.execute(_QUESTIONED.format(moved=" OR ".join(conditions) or "false"))


def kinds(database: duckdb.DuckDBPyConnection, table: str) -> frozenset[str]:
    """The kinds in a table that has a column ``kind``."""
    found = database.execute(f"SELECT DISTINCT kind FROM {table}").fetchall()  # noqa: S608
    return frozenset(kind for (kind,) in found)


def _show_moved(database: duckdb.DuckDBPyConnection, moved: Sequence[str]) -> None:
    """``moved``: facts that differ, as they were and as they are."""
    database.execute("CREATE SCHEMA moved")
    for name in moved:
        database.execute(f"CREATE VIEW moved.{name} AS FROM leaving.{name} UNION ALL FROM coming.{name}")


def _show_either(database: duckdb.DuckDBPyConnection, moved: Sequence[str]) -> None:
    """``either``: all facts, as they were and as they are. ``relations``, ``role_relations``: every pair that one of them tells of."""
    database.execute("CREATE SCHEMA either")
    for name in {*RELATIONS, "enterprise_applications"}:
        coming = f" UNION ALL FROM coming.{name}" if name in moved else ""
        database.execute(f"CREATE VIEW either.{name} AS FROM replica.facts.{name}{coming}")
    related = " UNION ALL ".join(_relations(name, "either") for name in RELATIONS)
    scoped = " UNION ALL ".join(_relations(name, "either", ", scope") for name in _ROLES)
    database.execute(f"CREATE VIEW relations AS {related}; CREATE VIEW role_relations AS {scoped}")


def _relations(name: str, schema: str, others: str = "") -> str:
    kind, resource, principal = RELATIONS[name]
    return (
        f"SELECT '{kind}' AS kind, {resource} AS resource_id, {principal} AS principal_id{others} FROM {schema}.{name}"  # noqa: S608
    )


def _make_unsettled(
    database: duckdb.DuckDBPyConnection,
    columns: str,
    rules: Mapping[str, tuple[tuple[str, ...], str]],
    moved: Sequence[str],
) -> bool:
    """Make one of the ``unsettled`` tables, if there is anything to go into it."""
    name = columns.partition(" ")[0]
    queries = [
        f"SELECT {wanted} FROM ({_differing(table, matters)})"  # noqa: S608
        for table, (matters, wanted) in rules.items()
        if table in moved
    ]
    if not queries:
        return False
    database.execute(f"CREATE TABLE {columns}; INSERT INTO {name} {' UNION '.join(queries)}")
    found = database.execute(f"SELECT EXISTS (FROM {name})").fetchone()
    return bool(found and found[0])


def _differing(table: str, columns: Sequence[str]) -> str:
    """SQL for the rows that came or went or, where ``columns`` are given, differ in one of them."""
    names = ", ".join(("id", *columns))
    before, after = f"SELECT {names} FROM leaving.{table}", f"SELECT {names} FROM coming.{table}"  # noqa: S608
    return f"({before} EXCEPT {after}) UNION ({after} EXCEPT {before})"
