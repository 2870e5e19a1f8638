"""The structs of staged rows and the staged tables are two statements of one contract."""

from __future__ import annotations

import typing

import msgspec
import pytest

from connector.access import accounts, applications, groups, licenses, roles
from connector.access.base import Row
from connector.access.staged import STAGED
from connector.access.tables import ColumnType

ROWS: dict[str, type[Row]] = {
    "accounts": accounts.AccountRow,
    "sign_in_activity": accounts.SignInActivityRow,
    "mailbox_purposes": accounts.MailboxPurposeRow,
    "license_states": accounts.LicenseStateRow,
    "groups": groups.GroupRow,
    "memberships": groups.MembershipRow,
    "group_licenses": groups.GroupLicenseRow,
    "enterprise_applications": applications.EnterpriseApplicationRow,
    "app_roles": applications.AppRoleRow,
    "application_owners": applications.ApplicationOwnerRow,
    "app_role_assignments": applications.AppRoleAssignmentRow,
    "provisioning_jobs": applications.ProvisioningJobRow,
    "directory_roles": roles.DirectoryRoleRow,
    "role_assignments": roles.RoleAssignmentRow,
    "role_assignment_instances": roles.RoleInstanceRow,
    "role_eligibility_instances": roles.RoleInstanceRow,
    "scopes": roles.ScopeRow,
    "licenses": licenses.LicenseRow,
}
PYTHON_TYPES = {
    ColumnType.TEXT: str,
    ColumnType.TIME: str,
    ColumnType.BOOL: bool,
    ColumnType.INT: int,
    ColumnType.TEXTS: list[str],
    ColumnType.SERVICE_PLANS: list[licenses.ServicePlanValue],
}


def test_every_staged_table_has_a_struct():
    assert set(ROWS) == {table.name for table in STAGED}


@pytest.mark.parametrize("table", STAGED, ids=lambda table: table.name)
def test_a_struct_has_the_columns_of_its_table_with_their_types(table):
    row = ROWS[table.name]
    hints = typing.get_type_hints(row)
    assert {field.encode_name for field in msgspec.structs.fields(row)} == set(table.column_names)
    for column in table:
        expected = PYTHON_TYPES[column.type]
        assert hints[column.name] in (expected, expected | None), column.name


@pytest.mark.parametrize("row", dict.fromkeys(ROWS.values()), ids=lambda row: row.__name__)
def test_what_graph_did_not_say_is_left_out_of_a_line(row):
    required = {field.name: "x" for field in msgspec.structs.fields(row) if field.required}
    assert msgspec.json.decode(msgspec.json.encode(row(**required))) == dict.fromkeys(required, "x")


def test_the_year_one_is_how_graph_says_never():
    user = accounts.UserSignIns(
        id="u", sign_in_activity=accounts.SignInActivity(last_sign_in_date_time="0001-01-01T00:00:00Z")
    )
    assert msgspec.to_builtins(accounts.sign_in_activity(user)) == {"id": "u"}


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"group_types": ["Unified"], "mail_enabled": True, "security_enabled": True}, "microsoft_365"),
        ({"group_types": ["unified", "DynamicMembership"], "mail_enabled": True}, "microsoft_365"),
        ({"mail_enabled": False, "security_enabled": True}, "security"),
        ({"mail_enabled": True, "security_enabled": True}, "mail_enabled_security"),
        ({"mail_enabled": True, "security_enabled": False}, "distribution"),
        ({"mail_enabled": False, "security_enabled": False}, "other"),
        ({}, "other"),
    ],
)
def test_group_types(facts, kind):
    assert groups.group_type(groups.Group(id="g", **facts)) == kind


def test_enum_values_of_pim_come_in_two_spellings_and_leave_in_one():
    lower = roles.role_instance(roles.RoleScheduleInstance(id="i", assignment_type="activated", member_type="direct"))
    assert (lower.assignment_type, lower.member_type) == ("Activated", "Direct")
    unknown = roles.role_instance(roles.RoleScheduleInstance(id="i", assignment_type="Borrowed"))
    assert unknown.assignment_type == "Borrowed"


def test_a_role_limited_to_an_application_has_that_as_its_scope():
    assert roles.role_assignment(roles.RoleAssignment(id="a", app_scope_id="/x")).scope == "/x"
    assert roles.role_assignment(roles.RoleAssignment(id="a", directory_scope_id="/")).scope == "/"


def test_no_error_of_a_license_is_no_error():
    states = [accounts.LicenseAssignmentState(sku_id="s", error=error) for error in ("None", "CountViolation")]
    rows = accounts.license_states(accounts.User(id="u", license_assignment_states=states))
    assert [row.error for row in rows] == [None, "CountViolation"]


def test_memberships_are_numbered_in_the_order_in_which_graph_tells_them():
    change = groups.GroupChange(
        id="g",
        members=[
            groups.RelatedChange(id="u", kind="#microsoft.graph.user"),
            groups.RelatedChange(id="u", kind="#microsoft.graph.user", removed=groups.Removed(reason="deleted")),
        ],
        owners=[groups.RelatedChange(id="s", kind="#microsoft.graph.servicePrincipal")],
    )
    told = [(row.relation, row.principal_kind, row.ordinal, row.removed) for row in groups.memberships(change, 7)]
    assert told == [
        ("member", "account", 7, None),
        ("member", "account", 8, True),
        ("owner", "service_principal", 9, None),
    ]
