"""The tables that a running full sync stages: Graph's facts as they were read, before publishing ties them together.

Readers write them page by page as JSON lines; publishing turns them into the tables of ``tables.py``. A column is absent from
a line where Graph did not say. Readers never look anything up and never drop a row: joining, skipping and counting is
publishing's work, so that it is done once, over everything.
"""

from __future__ import annotations

from connector.access.tables import (
    ACCOUNTS,
    DIRECTORY_ROLES,
    ENTERPRISE_APPLICATIONS,
    GROUPS,
    LICENSES,
    Column,
    ColumnType,
    Table,
)

_TEXT, _BOOL, _INT, _TIME, _TEXTS = (
    ColumnType.TEXT,
    ColumnType.BOOL,
    ColumnType.INT,
    ColumnType.TIME,
    ColumnType.TEXTS,
)


def _staged(name: str, key: tuple[str, ...], *columns: tuple[str, ColumnType]) -> Table:
    return Table(name, key, "", tuple(Column(column, kind, "") for column, kind in columns))


def _without(table: Table, *names: str) -> Table:
    return Table(table.name, table.key, "", tuple(column for column in table if column.name not in names))


_MEMBER_COUNTS = tuple(name for name in GROUPS.column_names if name.endswith("_members"))

ACCOUNTS_STAGED = _without(
    ACCOUNTS, "last_sign_in_at", "last_non_interactive_sign_in_at", "last_successful_sign_in_at", "mailbox_purpose"
)
GROUPS_STAGED = _without(GROUPS, *_MEMBER_COUNTS)
ENTERPRISE_APPLICATIONS_STAGED = _without(
    ENTERPRISE_APPLICATIONS, "provisioned_by_scim", "provisioning_state", "provisioning_template", "assignments"
)

SIGN_IN_ACTIVITY = _staged(
    "sign_in_activity",
    ("id",),
    ("id", _TEXT),
    ("last_sign_in_at", _TIME),
    ("last_non_interactive_sign_in_at", _TIME),
    ("last_successful_sign_in_at", _TIME),
)
MAILBOX_PURPOSES = _staged("mailbox_purposes", ("id",), ("id", _TEXT), ("mailbox_purpose", _TEXT))

# `relation`: `member` or `owner`. `principal_kind`: `account`, `group`, `service_principal`, `device`, `contact` or
# `other`. Delta may say the same thing twice and may take back what it said: of several lines with one key the one
# with the highest `ordinal` holds, and `removed` says that it is no longer so.
MEMBERSHIPS = _staged(
    "memberships",
    ("group_id", "relation", "principal_id"),
    ("group_id", _TEXT),
    ("relation", _TEXT),
    ("principal_kind", _TEXT),
    ("principal_id", _TEXT),
    ("ordinal", _INT),
    ("removed", _BOOL),
)
GROUP_LICENSES = _staged(
    "group_licenses", ("group_id", "sku_id"), ("group_id", _TEXT), ("sku_id", _TEXT), ("disabled_plans", _TEXTS)
)
LICENSE_STATES = _staged(
    "license_states",
    ("account_id", "sku_id", "assigned_by_group"),
    ("account_id", _TEXT),
    ("sku_id", _TEXT),
    ("assigned_by_group", _TEXT),
    ("state", _TEXT),
    ("error", _TEXT),
    ("disabled_plans", _TEXTS),
    ("updated_at", _TIME),
)
APP_ROLES = _staged(
    "app_roles",
    ("application_id", "role_id"),
    ("application_id", _TEXT),
    ("role_id", _TEXT),
    ("display_name", _TEXT),
    ("description", _TEXT),
    ("value", _TEXT),
    ("enabled", _BOOL),
    ("allowed_member_types", _TEXTS),  # Graph's words: `User`, `Application`
)
APPLICATION_OWNERS = _staged(
    "application_owners",
    ("application_id", "principal_id"),
    ("application_id", _TEXT),
    ("principal_kind", _TEXT),
    ("principal_id", _TEXT),
)
APP_ROLE_ASSIGNMENTS = _staged(
    "app_role_assignments",
    ("id",),
    ("id", _TEXT),
    ("application_id", _TEXT),
    ("role_id", _TEXT),
    ("principal_kind", _TEXT),
    ("principal_id", _TEXT),
    ("created_at", _TIME),
)
PROVISIONING_JOBS = _staged(
    "provisioning_jobs",
    ("application_id", "job_id"),
    ("application_id", _TEXT),
    ("job_id", _TEXT),
    ("template_id", _TEXT),
    ("state", _TEXT),
)
# `scope`: directoryScopeId, or appScopeId where that is given. All three lists name principals without their kind.
ROLE_ASSIGNMENTS = _staged(
    "role_assignments",
    ("id",),
    ("id", _TEXT),
    ("role_id", _TEXT),
    ("principal_id", _TEXT),
    ("scope", _TEXT),
)
_INSTANCE_COLUMNS = (
    ("id", _TEXT),
    ("role_id", _TEXT),
    ("principal_id", _TEXT),
    ("scope", _TEXT),
    ("assignment_type", _TEXT),
    ("member_type", _TEXT),
    ("starts_at", _TIME),
    ("ends_at", _TIME),
    ("origin_id", _TEXT),
)
# Includes what `role_assignments` lists (`origin_id` is its id there), and a line for each member of a group that holds
# a role (`member_type` `Group`), which is derived and must not be counted as a fact.
ROLE_ASSIGNMENT_INSTANCES = _staged("role_assignment_instances", ("id",), *_INSTANCE_COLUMNS)
ROLE_ELIGIBILITY_INSTANCES = _staged("role_eligibility_instances", ("id",), *_INSTANCE_COLUMNS)
# `id` as a role assignment spells it: `/administrativeUnits/{id}` or `/{object id}`. Names administrative units and app
# registrations; the names of service principals are in `enterprise_applications`.
SCOPES = _staged("scopes", ("id",), ("id", _TEXT), ("kind", _TEXT), ("name", _TEXT))

STAGED: tuple[Table, ...] = (
    ACCOUNTS_STAGED,
    SIGN_IN_ACTIVITY,
    MAILBOX_PURPOSES,
    LICENSE_STATES,
    GROUPS_STAGED,
    MEMBERSHIPS,
    GROUP_LICENSES,
    ENTERPRISE_APPLICATIONS_STAGED,
    APP_ROLES,
    APPLICATION_OWNERS,
    APP_ROLE_ASSIGNMENTS,
    PROVISIONING_JOBS,
    DIRECTORY_ROLES,
    ROLE_ASSIGNMENTS,
    ROLE_ASSIGNMENT_INSTANCES,
    ROLE_ELIGIBILITY_INSTANCES,
    SCOPES,
    LICENSES,
)
"""Every staged table."""

# Fact tables: what staged tables say in the end. Each snapshot keeps them beside its own tables, so that rounds can go on from
# them, and so that what cannot be read any more stays as it was.

# Objects that Graph has said are gone. What a list or a delta that lags behind still says of them does not count.
TOMBSTONES = _staged("tombstones", ("id",), ("id", _TEXT), ("kind", _TEXT), ("removed_at", _TIME))
# Applications whose provisioning jobs could not be read, and what was known of them before.
UNREAD_JOBS = _staged(
    "unread_jobs", ("application_id",), ("application_id", _TEXT), ("provisioned_by_scim", ColumnType.BOOL)
)

FACTS: tuple[Table, ...] = (
    *(_without(table, "ordinal", "removed") for table in STAGED),
    UNREAD_JOBS,
    TOMBSTONES,
)
"""Every fact table. Rows are unique by key."""
