"""The tables of a snapshot: every column, its type and its meaning.

This is the product's public data contract. Parquet files, exports, the docs and the tests are all made from it, and the
words are those of ``docs/architecture.md``. Identifiers are Graph's object ids unless a column says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class ColumnType(StrEnum):
    """Column types, spelled as DuckDB spells them."""

    TEXT = "VARCHAR"
    BOOL = "BOOLEAN"
    INT = "BIGINT"
    TIME = "TIMESTAMPTZ"
    TEXTS = "VARCHAR[]"
    SERVICE_PLANS = "STRUCT(id VARCHAR, name VARCHAR, provisioning_status VARCHAR)[]"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``name``, ``type`` and what it means. A null always means *Graph did not say*, never *no*."""

    name: str
    type: ColumnType
    meaning: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a snapshot. Rows are unique by ``key`` and sorted by it."""

    name: str
    key: tuple[str, ...]
    meaning: str
    columns: tuple[Column, ...]

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The column names, in the order in which files hold them."""
        return tuple(column.name for column in self.columns)


_TEXT, _BOOL, _INT, _TIME, _TEXTS = (
    ColumnType.TEXT,
    ColumnType.BOOL,
    ColumnType.INT,
    ColumnType.TIME,
    ColumnType.TEXTS,
)


def _table(name: str, meaning: str, *columns: tuple[str, ColumnType, str], key: tuple[str, ...] = ("id",)) -> Table:
    return Table(name, key, meaning, tuple(Column(*column) for column in columns))


ACCOUNTS = _table(
    "accounts",
    "Every user of the tenant that is not deleted: member or guest, enabled or not.",
    ("id", _TEXT, "Object id."),
    ("user_principal_name", _TEXT, "Sign-in name."),
    ("display_name", _TEXT, "Display name."),
    ("mail", _TEXT, "Primary mail address."),
    ("user_type", _TEXT, "`Member` or `Guest`, as Graph says it."),
    ("enabled", _BOOL, "Whether the account may sign in (`accountEnabled`)."),
    ("given_name", _TEXT, "Given name."),
    ("surname", _TEXT, "Surname."),
    ("job_title", _TEXT, "Job title."),
    ("department", _TEXT, "Department."),
    ("company_name", _TEXT, "Company."),
    ("office_location", _TEXT, "Office."),
    ("usage_location", _TEXT, "Two-letter country code that licensing depends on."),
    ("employee_id", _TEXT, "Employee id from HR."),
    ("employee_type", _TEXT, "Employee type from HR."),
    ("employee_hire_date", _TIME, "Hire date."),
    ("manager_id", _TEXT, "Object id of the manager."),
    ("on_premises_sync_enabled", _BOOL, "True: synced from Active Directory; false: once was; null: never."),
    ("on_premises_domain_name", _TEXT, "Active Directory domain."),
    ("on_premises_sam_account_name", _TEXT, "sAMAccountName."),
    ("on_premises_distinguished_name", _TEXT, "Distinguished name."),
    ("on_premises_immutable_id", _TEXT, "Source anchor."),
    ("on_premises_security_identifier", _TEXT, "On-premises SID."),
    ("on_premises_last_sync_at", _TIME, "When Active Directory last wrote it."),
    ("created_at", _TIME, "When it was created."),
    ("creation_type", _TEXT, "How it was created; `Invitation` for invited guests."),
    ("external_user_state", _TEXT, "Guests: `PendingAcceptance` or `Accepted`."),
    ("last_sign_in_at", _TIME, "Last interactive sign-in attempt (SIGN_IN_ACTIVITY)."),
    ("last_non_interactive_sign_in_at", _TIME, "Last non-interactive sign-in attempt (SIGN_IN_ACTIVITY)."),
    ("last_successful_sign_in_at", _TIME, "Last successful sign-in (SIGN_IN_ACTIVITY)."),
    ("mailbox_purpose", _TEXT, "`user`, `linked`, `shared`, `room`, `equipment`, `others` (MAILBOX_PURPOSE)."),
)

GROUPS = _table(
    "groups",
    "Every group that is not deleted, unless SKIP_AD_GROUPS leaves it out.",
    ("id", _TEXT, "Object id."),
    ("display_name", _TEXT, "Display name."),
    ("description", _TEXT, "Description."),
    ("group_type", _TEXT, "`microsoft_365`, `security`, `mail_enabled_security`, `distribution` or `other`."),
    ("mail", _TEXT, "Mail address."),
    ("mail_nickname", _TEXT, "Mail alias."),
    ("mail_enabled", _BOOL, "Whether it receives mail."),
    ("security_enabled", _BOOL, "Whether it can be used for access."),
    ("visibility", _TEXT, "`Public`, `Private` or `HiddenMembership`."),
    ("is_dynamic", _BOOL, "Membership follows a rule; nobody can be added by hand."),
    ("membership_rule", _TEXT, "The rule of a dynamic group."),
    ("membership_rule_processing_state", _TEXT, "`On` or `Paused`."),
    ("is_assignable_to_role", _BOOL, "Whether directory roles may be assigned to it."),
    ("on_premises_sync_enabled", _BOOL, "True: synced from Active Directory; false: once was; null: never."),
    ("on_premises_domain_name", _TEXT, "Active Directory domain."),
    ("on_premises_sam_account_name", _TEXT, "sAMAccountName."),
    ("on_premises_security_identifier", _TEXT, "On-premises SID."),
    ("on_premises_last_sync_at", _TIME, "When Active Directory last wrote it."),
    ("created_at", _TIME, "When it was created."),
    ("expires_at", _TIME, "When it expires, if a lifecycle policy says so."),
    ("user_members", _INT, "Direct members that are users."),
    ("group_members", _INT, "Direct members that are groups."),
    ("service_principal_members", _INT, "Direct members that are service principals."),
    ("device_members", _INT, "Direct members that are devices: counted, they hold no grant here."),
    ("contact_members", _INT, "Direct members that are contacts: counted, they hold no grant here."),
    ("other_members", _INT, "Direct members of a kind that this version does not know."),
)

ENTERPRISE_APPLICATIONS = _table(
    "enterprise_applications",
    "Every service principal, managed identities included, unless SKIP_UNASSIGNED_APPS leaves it out.",
    ("id", _TEXT, "Object id of the service principal."),
    ("app_id", _TEXT, "Application (client) id."),
    ("display_name", _TEXT, "Display name."),
    ("description", _TEXT, "Description."),
    ("service_principal_type", _TEXT, "`Application`, `ManagedIdentity`, `Legacy`, `SocialIdp`, as Graph says it."),
    ("is_managed_identity", _BOOL, "Whether Azure manages its credentials."),
    ("is_microsoft_first_party", _BOOL, "Whether Microsoft's own tenant owns the application."),
    ("enabled", _BOOL, "Whether users may sign in to it (`accountEnabled`)."),
    ("assignment_required", _BOOL, "Whether only assigned principals get in (`appRoleAssignmentRequired`)."),
    ("app_owner_organization_id", _TEXT, "Tenant that owns the application."),
    ("sign_on_mode", _TEXT, "`password`, `saml`, `notSupported`, `oidc` (`preferredSingleSignOnMode`)."),
    ("homepage", _TEXT, "Home page."),
    ("login_url", _TEXT, "Where sign-in starts."),
    ("tags", _TEXTS, "Tags of the service principal and its application."),
    ("service_principal_names", _TEXTS, "Identifier URIs and names."),
    ("provisioned_by_scim", _BOOL, "Whether a provisioning job pushes accounts to it; null where it was not read."),
    ("provisioning_state", _TEXT, "State of that job: `NotConfigured`, `NotRun`, `Active`, `Paused`, `Quarantine`."),
    ("provisioning_template", _TEXT, "Template of that job, for example `scim`."),
    ("assignments", _INT, "App role assignments on it, of every kind of principal."),
)

DIRECTORY_ROLES = _table(
    "directory_roles",
    "Every role definition of the directory, built in or custom.",
    ("id", _TEXT, "Role definition id; a built-in role's is its template id, the same in every tenant."),
    ("template_id", _TEXT, "Template id."),
    ("display_name", _TEXT, "Display name."),
    ("description", _TEXT, "Description."),
    ("is_built_in", _BOOL, "False for custom roles."),
    ("is_enabled", _BOOL, "Whether it can be assigned."),
)

LICENSES = _table(
    "licenses",
    "Every subscription (SKU) that the tenant has.",
    ("id", _TEXT, "SKU id."),
    ("sku_part_number", _TEXT, "Part number, for example `SPE_E5`."),
    ("applies_to", _TEXT, "`User` or `Company`."),
    ("capability_status", _TEXT, "`Enabled`, `Warning`, `Suspended`, `Deleted`, `LockedOut`."),
    ("enabled_units", _INT, "Seats that can be used."),
    ("suspended_units", _INT, "Seats that are suspended."),
    ("warning_units", _INT, "Seats in the grace period."),
    ("consumed_units", _INT, "Seats that are assigned."),
    ("service_plans", ColumnType.SERVICE_PLANS, "Service plans in it."),
)

ENTITLEMENTS = _table(
    "entitlements",
    "What can be held on a resource.",
    ("id", _TEXT, "`{resource kind}:{resource id}:{slug}`."),
    ("resource_kind", _TEXT, "`group`, `directory_role`, `enterprise_application` or `license`."),
    ("resource_id", _TEXT, "Object, role definition or SKU id."),
    ("slug", _TEXT, "`member`, `owner`, `assigned`, `eligible`, or an app role id (all zeros: default access)."),
    ("display_name", _TEXT, "Name for people."),
    ("description", _TEXT, "Description, where Graph has one."),
    ("value", _TEXT, "App roles: the value that arrives in tokens."),
    ("enabled", _BOOL, "App roles: whether it can be assigned. Role definitions: whether they are enabled."),
    ("grantable_to", _TEXTS, "Kinds of principal that may hold it: `account`, `group`, `service_principal`."),
)

GRANTS = _table(
    "grants",
    "Facts: one principal holding one entitlement, as Graph states it.",
    ("id", _TEXT, "`{entitlement id}|{principal id}`, then `|{scope}` unless `/`, then `|via:{group}` for licenses."),
    ("entitlement_id", _TEXT, "The entitlement."),
    ("resource_kind", _TEXT, "Kind of its resource."),
    ("resource_id", _TEXT, "Its resource."),
    ("principal_kind", _TEXT, "`account`, `group` or `service_principal`."),
    ("principal_id", _TEXT, "Who holds it."),
    ("source", _TEXT, "`direct`, `group` (a license through a group) or `pim` (eligible, activated or time-bound)."),
    ("via_group_id", _TEXT, "Licenses: the group it comes through."),
    ("scope", _TEXT, "Roles: `/`, `/administrativeUnits/{id}` or `/{object id}`; others: `/`."),
    ("scope_kind", _TEXT, "`tenant`, `administrative_unit`, `application` or `other`."),
    ("scope_name", _TEXT, "Display name of the scope, where it is not the tenant and is known."),
    ("assignment_id", _TEXT, "Graph's id of the role assignment or app role assignment."),
    ("assignment_type", _TEXT, "Active roles: `Assigned` or `Activated`, where PIM says so."),
    ("starts_at", _TIME, "Start, where there is one."),
    ("ends_at", _TIME, "End, where there is one."),
    ("created_at", _TIME, "When it was made, where Graph says so."),
    ("license_state", _TEXT, "Licenses: `Active`, `ActiveWithError`, `Disabled`, `Error`."),
    ("license_error", _TEXT, "Licenses: the error, null where there is none."),
    ("disabled_plans", _TEXTS, "Licenses: ids of the service plans that are switched off."),
    ("revocable", _BOOL, "Whether this connector can revoke it."),
    (
        "not_revocable_reason",
        _TEXT,
        (
            "Why not: `dynamic_membership`, `synced_from_on_premises`, `managed_by_exchange`, `inherited_license`, "
            "`kind_not_provisioned`."
        ),
    ),
)

INHERITED_GRANTS = _table(
    "inherited_grants",
    "Derived: for every grant that a group holds, everyone who has it through that group.",
    ("grant_id", _TEXT, "The grant of the group (`grants.id`)."),
    ("principal_kind", _TEXT, "`account`, `group` or `service_principal`."),
    ("principal_id", _TEXT, "Who inherits it."),
    ("entitlement_id", _TEXT, "The entitlement."),
    ("resource_kind", _TEXT, "Kind of its resource."),
    ("resource_id", _TEXT, "Its resource."),
    ("scope", _TEXT, "Scope of the group's grant."),
    ("through_group_id", _TEXT, "The group that holds the grant."),
    ("depth", _INT, "Groups on the path: 1 for a direct member of that group."),
    ("path", _TEXTS, "A shortest path: from the group that the principal is a direct member of, to that group."),
    key=("grant_id", "principal_id"),
)

TABLES: tuple[Table, ...] = (
    ACCOUNTS,
    GROUPS,
    ENTERPRISE_APPLICATIONS,
    DIRECTORY_ROLES,
    LICENSES,
    ENTITLEMENTS,
    GRANTS,
    INHERITED_GRANTS,
)
"""Every table of a snapshot, in the order in which people read them."""
