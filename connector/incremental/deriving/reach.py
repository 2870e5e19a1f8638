"""How far a change of facts reaches: which rows of the tables may differ because of it.

Two tables say so. ``touched``: resources whose own row, or whose entitlements, may differ. ``pairs``: resources and principals of
which grants between them may differ. Both may name more than what differs in the end, never less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.access.staged import FACTS

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

# Resources that came, went, or are other than they were in what decides about every grant on them.
_UNSETTLED = """
CREATE TABLE unsettled_resources AS
SELECT 'group' AS kind, id FROM ({groups_of_another_nature})
UNION SELECT 'enterprise_application', id FROM ({enterprise_applications})
UNION SELECT 'directory_role', id FROM ({directory_roles})
UNION SELECT 'license', id FROM ({licenses});

-- The same of principals, and every grant that they hold.
CREATE TABLE unsettled_principals AS
SELECT id FROM ({accounts})
UNION SELECT id FROM ({enterprise_applications})
UNION SELECT id FROM ({groups_kept_or_not});

-- What roles are limited to: its name, or that it is there at all.
CREATE TABLE unsettled_scopes AS
SELECT id FROM moved.scopes UNION SELECT '/' || id FROM ({named_applications});
"""

_PAIRS = """
CREATE TABLE pairs AS
FROM moved_relations
UNION FROM relations AS r SEMI JOIN unsettled_resources AS u ON u.kind = r.kind AND u.id = r.resource_id
UNION FROM relations AS r SEMI JOIN unsettled_principals AS u ON u.id = r.principal_id
UNION SELECT kind, resource_id, principal_id FROM role_relations AS r SEMI JOIN unsettled_scopes AS u ON u.id = r.scope
-- A role assignment is told by its PIM instance, wherever both are: what moves one of them moves the other.
UNION SELECT 'directory_role', i.role_id, i.principal_id
FROM either.role_assignment_instances AS i SEMI JOIN moved.role_assignments AS a ON a.id = i.origin_id
UNION SELECT 'directory_role', a.role_id, a.principal_id
FROM either.role_assignments AS a SEMI JOIN moved.role_assignment_instances AS i ON i.origin_id = a.id;

-- SKIP_UNASSIGNED_APPS: applications that may come or go because of what they hold, or of the first or last assignment.
CREATE TABLE questioned AS
SELECT DISTINCT e.id
FROM either.enterprise_applications AS e, options
WHERE options.skip_unassigned_apps
    AND (
        e.id IN (SELECT principal_id FROM pairs)
        OR e.id IN (SELECT id FROM moved.enterprise_applications)
        OR e.id IN (SELECT application_id FROM moved.app_role_assignments)
    )
    AND (
        e.id NOT IN (SELECT application_id FROM replica.facts.app_role_assignments WHERE application_id IS NOT NULL)
        OR e.id NOT IN (SELECT application_id FROM after.app_role_assignments WHERE application_id IS NOT NULL)
    );

INSERT INTO pairs
FROM relations AS r SEMI JOIN questioned AS q ON r.kind = 'enterprise_application' AND q.id = r.resource_id
EXCEPT FROM pairs;

CREATE TABLE touched AS
SELECT 'account' AS kind, id FROM moved.accounts
UNION SELECT 'account', id FROM moved.sign_in_activity
UNION SELECT 'account', id FROM moved.mailbox_purposes
UNION SELECT 'group', id FROM moved.groups
UNION SELECT 'group', group_id FROM moved.memberships
UNION SELECT 'enterprise_application', id FROM moved.enterprise_applications
UNION SELECT 'enterprise_application', application_id FROM moved.app_roles
UNION SELECT 'enterprise_application', application_id FROM moved.provisioning_jobs
UNION SELECT 'enterprise_application', application_id FROM moved.unread_jobs
UNION SELECT 'enterprise_application', id FROM questioned
UNION SELECT kind, resource_id FROM pairs WHERE kind = 'enterprise_application' -- who is assigned is counted
UNION SELECT 'directory_role', id FROM moved.directory_roles
UNION SELECT 'license', id FROM moved.licenses;
"""


def reach(database: duckdb.DuckDBPyConnection) -> None:
    """Make ``touched`` and ``pairs`` from the facts that differ, and ``relations``: every pair that a fact tells of, or told of."""
    database.execute("CREATE SCHEMA moved; CREATE SCHEMA either")
    for table in FACTS:
        name = table.name
        database.execute(
            f"CREATE VIEW moved.{name} AS FROM leaving.{name} UNION ALL FROM coming.{name};"
            f"CREATE VIEW either.{name} AS FROM replica.facts.{name} UNION ALL FROM coming.{name}"
        )
    for view, schema in (("moved_relations", "moved"), ("relations", "either")):
        parts = (
            f"SELECT '{kind}' AS kind, {resource} AS resource_id, {principal} AS principal_id FROM {schema}.{name}"  # noqa: S608
            for name, (kind, resource, principal) in RELATIONS.items()
        )
        database.execute(f"CREATE VIEW {view} AS {' UNION ALL '.join(parts)}")
    scoped = (
        f"SELECT 'directory_role' AS kind, role_id AS resource_id, principal_id, scope FROM either.{name}"  # noqa: S608
        for name in _ROLES
    )
    database.execute(f"CREATE VIEW role_relations AS {' UNION ALL '.join(scoped)}")
    database.execute(
        _UNSETTLED.format(
            groups_of_another_nature=_differing("groups", "is_dynamic", "on_premises_sync_enabled", "group_type"),
            groups_kept_or_not=_differing("groups", "on_premises_sync_enabled"),
            named_applications=_differing("enterprise_applications", "display_name"),
            accounts=_differing("accounts"),
            enterprise_applications=_differing("enterprise_applications"),
            directory_roles=_differing("directory_roles"),
            licenses=_differing("licenses"),
        )
    )
    database.execute(_PAIRS)


def _differing(table: str, *columns: str) -> str:
    """SQL for the rows that came or went or, where ``columns`` are given, differ in one of them."""
    names = ", ".join(("id", *columns))
    before, after = f"SELECT {names} FROM leaving.{table}", f"SELECT {names} FROM coming.{table}"  # noqa: S608
    return f"({before} EXCEPT {after}) UNION ({after} EXCEPT {before})"
