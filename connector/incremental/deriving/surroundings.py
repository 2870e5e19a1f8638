"""The facts around what may differ: just enough of them that the rules of publishing make exactly those rows as they make all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.access.staged import FACTS
from connector.incremental.deriving.reach import RELATIONS, kinds
from connector.settings import Settings
from connector.sync.publishing.database import COUNTED

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

_NAMED = """
CREATE TABLE scopes_named AS
SELECT scope AS id FROM staged.role_assignments
UNION SELECT scope FROM staged.role_assignment_instances
UNION SELECT scope FROM staged.role_eligibility_instances;

CREATE TABLE named AS
SELECT resource_id AS id FROM needed
UNION SELECT principal_id FROM needed
UNION SELECT id FROM touched
UNION SELECT substr(id, 2) FROM scopes_named;
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


def surround(database: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Make ``staged`` and ``counting`` (for ``counted``) from ``after``, for what is in ``touched`` and ``pairs``."""
    database.execute("CREATE SCHEMA staged; CREATE SCHEMA counting; CREATE TABLE needed AS FROM pairs")
    if settings.skip_unassigned_apps:
        database.execute(_HELD_BY_APPLICATIONS)
    needed = kinds(database, "needed")
    for name, (kind, resource, principal) in RELATIONS.items():
        chosen = (
            f"AS r SEMI JOIN needed AS n ON n.kind = '{kind}' "
            f"AND n.resource_id = r.{resource} AND n.principal_id = r.{principal}"
        )
        database.execute(f"CREATE TABLE staged.{name} AS FROM after.{name} {chosen if kind in needed else 'LIMIT 0'}")
    if "directory_role" in needed:
        database.execute(_TELLING)
    database.execute(_NAMED)
    for table in FACTS:
        if table.name in _CHOSEN:
            column, ids = _CHOSEN[table.name]
            database.execute(f"CREATE TABLE staged.{table.name} AS FROM after.{table.name} WHERE {column} IN ({ids})")
    for name in COUNTED:
        database.execute(f"CREATE VIEW counting.{name} AS FROM after.{name} {_COUNTED.get(name, '')}")
