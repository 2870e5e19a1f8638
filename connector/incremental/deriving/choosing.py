"""Which of the rules of publishing a change needs, and which facts those read."""

from __future__ import annotations

from collections.abc import Mapping

from connector.incremental.deriving.reach import Reach

_GRANTS = {
    "group": "group_grants",
    "directory_role": "role_grants",
    "license": "license_grants",
    "enterprise_application": "application_grants",
}
_RESOURCES = {
    "account": "accounts",
    "group": "groups",
    "directory_role": "roles",
    "license": "licenses",
    "enterprise_application": "applications",
}
_ENTITLEMENTS = {
    "group": "group_entitlements",
    "directory_role": "role_entitlements",
    "license": "license_entitlements",
    "enterprise_application": "application_entitlements",
}
_SETTLED = ("assigned_roles", "principals", "grants")
"""What decides who and what is there, which grants stand, and which applications stay."""

READS: Mapping[str, tuple[str, ...]] = {
    "assigned_roles": (),
    "principals": ("accounts", "groups", "enterprise_applications"),
    "group_grants": ("memberships", "groups"),
    "role_grants": (
        "role_assignments",
        "role_assignment_instances",
        "role_eligibility_instances",
        "scopes",
        "enterprise_applications",
    ),
    "license_grants": ("license_states", "group_licenses"),
    "application_grants": ("app_role_assignments", "application_owners"),
    "grants": ("enterprise_applications", "directory_roles", "licenses"),
    "accounts": ("accounts", "sign_in_activity", "mailbox_purposes"),
    "groups": (),
    "applications": ("provisioning_jobs", "unread_jobs"),
    "roles": ("directory_roles",),
    "licenses": ("licenses",),
    "group_entitlements": (),
    "application_entitlements": ("app_roles",),
    "role_entitlements": (),
    "license_entitlements": (),
}
"""By rule, the fact tables of ``staged`` that it reads."""

COUNTS: Mapping[str, tuple[str, ...]] = {
    "assigned_roles": ("app_role_assignments",),
    "groups": ("memberships",),
    "applications": ("app_role_assignments", "accounts", "groups", "enterprise_applications"),
}
"""By rule, the fact tables of ``counted`` that it reads."""


def choose(reached: Reach, needed: frozenset[str]) -> frozenset[str]:
    """The rules without which a row that may differ would not be made.

    Args:
        needed: kinds of resources whose grants are to be made.
    """
    chosen = {_GRANTS[kind] for kind in needed}
    chosen |= {_RESOURCES[kind] for kind in reached.touched}
    chosen |= {_ENTITLEMENTS[kind] for kind in reached.offered}
    if needed or reached.touched & {"group", "enterprise_application"}:
        chosen |= {*_SETTLED}
    return frozenset(chosen)
