"""Which columns of fact tables name objects: users, groups, service principals.

What a role is limited to is not among them: an assignment outlives the application that it is limited to while that can be
restored. Graph goes on listing it, and its list is what counts.
"""

from __future__ import annotations

from collections.abc import Mapping

from connector.access.tables import Table

OBJECTS = ("accounts", "groups", "enterprise_applications")
"""Fact tables whose rows are objects that Graph can say are gone."""

PRESENT = (*OBJECTS, "directory_roles", "licenses")
"""Fact tables whose ids other rows name."""

_ROLE_COLUMNS = ("principal_id",)
_NAMES: Mapping[str, tuple[str, ...]] = {
    "accounts": ("id",),
    "sign_in_activity": ("id",),
    "mailbox_purposes": ("id",),
    "license_states": ("account_id", "assigned_by_group"),
    "groups": ("id",),
    "memberships": ("group_id", "principal_id"),
    "group_licenses": ("group_id",),
    "enterprise_applications": ("id",),
    "app_roles": ("application_id",),
    "application_owners": ("application_id", "principal_id"),
    "app_role_assignments": ("application_id", "principal_id"),
    "provisioning_jobs": ("application_id",),
    "unread_jobs": ("application_id",),
    "role_assignments": _ROLE_COLUMNS,
    "role_assignment_instances": _ROLE_COLUMNS,
    "role_eligibility_instances": _ROLE_COLUMNS,
}
_LISTED: Mapping[str, tuple[str, ...]] = {
    "license_states": ("sku_id",),
    "group_licenses": ("sku_id",),
    "role_assignments": ("role_id",),
    "role_assignment_instances": ("role_id",),
    "role_eligibility_instances": ("role_id",),
}

NAMING = frozenset(_NAMES)
"""Fact tables of which a row may be, or name, an object. (An account's manager is named, but the account stays without.)"""


def names_one_of(table: str, row: str, ids: str) -> str:
    """SQL that is true where ``row`` of the fact table is or names one of ``ids``, a table with a column ``id``."""
    conditions = [f"{row}.{column} IN (SELECT id FROM {ids})" for column in _NAMES.get(table, ())]  # noqa: S608
    return f"(({' OR '.join(conditions)}) IS TRUE)" if conditions else "false"


def names_what_is_there(table: str, row: str, present: str) -> str:
    """SQL that is true where everything that ``row`` of the fact table names is in ``present``, a table with a column ``id``.

    Where it is not, a row has a reason of its own to be gone.
    """
    columns = [column for column in (*_NAMES.get(table, ()), *_LISTED.get(table, ())) if table not in PRESENT]
    conditions = [f"({row}.{column} IS NULL OR {row}.{column} IN (SELECT id FROM {present}))" for column in columns]  # noqa: S608
    return " AND ".join(conditions) or "true"


def same_key(table: Table, one: str, other: str) -> str:
    """SQL that is true where two rows of the fact table have one key."""
    # Of all keys only this part may be null; DuckDB skips most of a table where it may compare with `=`.
    return " AND ".join(
        f"{one}.{name} {'IS NOT DISTINCT FROM' if name == 'assigned_by_group' else '='} {other}.{name}"
        for name in table.key
    )
