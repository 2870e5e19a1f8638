"""The facts around what may differ: just enough of them that the rules of publishing make exactly those rows as they make all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.incremental.deriving.choosing import COUNTS, READS, choose
from connector.incremental.deriving.reach import RELATIONS, Reach, kinds
from connector.settings import Settings

if TYPE_CHECKING:
    import duckdb

# Which applications stay under SKIP_UNASSIGNED_APPS depends on all that they hold.
_HELD_BY_APPLICATIONS = """
INSERT INTO needed
SELECT r.* FROM relations AS r WHERE r.principal_id IN (SELECT id FROM touched WHERE kind = 'enterprise_application')
EXCEPT FROM needed
"""

# Which instance tells of which assignment has to be known of both, even where one belongs to somebody else.
_TELLING = """
INSERT INTO staged.role_assignments
FROM after.role_assignments
WHERE id IN (SELECT origin_id FROM staged.role_assignment_instances)
    AND id NOT IN (SELECT id FROM staged.role_assignments);

INSERT INTO staged.role_assignment_instances
FROM after.role_assignment_instances
WHERE origin_id IN (SELECT id FROM staged.role_assignments)
    AND id NOT IN (SELECT id FROM staged.role_assignment_instances);
"""

_SCOPES_NAMED = """
CREATE TABLE scopes_named AS
SELECT scope AS id FROM staged.role_assignments
UNION SELECT scope FROM staged.role_assignment_instances
UNION SELECT scope FROM staged.role_eligibility_instances
"""

_NAMED = """
CREATE TABLE named AS
SELECT resource_id AS id FROM needed
UNION SELECT principal_id FROM needed
UNION SELECT id FROM touched
"""

# By which ids the rows of what else there is are chosen.
_CHOSEN = {
    "accounts": ("id", "SELECT id FROM named"),
    "groups": ("id", "SELECT id FROM named"),
    "enterprise_applications": ("id", "SELECT id FROM named"),
    "directory_roles": ("id", "SELECT id FROM named"),
    "licenses": ("id", "SELECT id FROM named"),
    "sign_in_activity": ("id", "SELECT id FROM touched WHERE kind = 'account'"),
    "mailbox_purposes": ("id", "SELECT id FROM touched WHERE kind = 'account'"),
    "app_roles": ("application_id", "SELECT id FROM touched WHERE kind = 'enterprise_application'"),
    "provisioning_jobs": ("application_id", "SELECT id FROM touched WHERE kind = 'enterprise_application'"),
    "unread_jobs": ("application_id", "SELECT id FROM touched WHERE kind = 'enterprise_application'"),
    "scopes": ("id", "SELECT id FROM scopes_named"),
}

# Of what is counted, all rows of what is asked for.
_COUNTED = {
    "memberships": "WHERE group_id IN (SELECT id FROM touched WHERE kind = 'group')",
    "app_role_assignments": "WHERE application_id IN (SELECT id FROM touched WHERE kind = 'enterprise_application')",
}


def surround(database: duckdb.DuckDBPyConnection, reached: Reach, settings: Settings) -> frozenset[str]:
    """Make ``staged`` and ``counted`` from ``after``, for what is in ``touched`` and ``pairs``; the rules that are to be applied to them."""
    database.execute("CREATE SCHEMA staged; CREATE SCHEMA counted; CREATE TABLE needed AS FROM pairs")
    if settings.skip_unassigned_apps:
        database.execute(_HELD_BY_APPLICATIONS)
    needed = kinds(database, "needed") if settings.skip_unassigned_apps else reached.pairs
    rules = choose(reached, needed)
    for name, (kind, resource, principal) in RELATIONS.items():
        if kind in needed:
            database.execute(
                f"CREATE TABLE staged.{name} AS FROM after.{name} AS r SEMI JOIN needed AS n "
                f"ON n.kind = '{kind}' AND n.resource_id = r.{resource} AND n.principal_id = r.{principal}"
            )
    scopes = ""
    if "directory_role" in needed:
        database.execute(f"{_TELLING}{_SCOPES_NAMED}")
        scopes = "UNION SELECT substr(id, 2) FROM scopes_named"
    database.execute(f"{_NAMED}{scopes}")
    for name in {name for rule in rules for name in READS[rule]} & {*_CHOSEN}:
        column, ids = _CHOSEN[name]
        database.execute(f"CREATE TABLE staged.{name} AS FROM after.{name} WHERE {column} IN ({ids})")
    for name in {name for rule in rules for name in COUNTS.get(rule, ())}:
        database.execute(f"CREATE VIEW counted.{name} AS FROM after.{name} {_COUNTED.get(name, '')}")
    return rules
