"""Resources and entitlements, on tenants made by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from emulators.graph.tenant.truth import truth

READER = "5d6b6bb7-de71-4623-b4af-96380a352509"
DEFAULT = "00000000-0000-0000-0000-000000000000"
MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
INTEGRATED = "WindowsAzureActiveDirectoryIntegratedApp"
ROLE = "11111111-2222-3333-4444-555555555555"


def offered(row: Callable[..., Any], entitlement: str) -> Any:
    told = row("entitlements", entitlement)
    return told and (told["display_name"], told["description"], told["value"], told["enabled"], told["grantable_to"])


def test_what_graph_did_not_say_is_null(tenant, row):
    user = tenant.create_user("Adele", properties={"userType": None, "accountEnabled": None})

    told = row("accounts", user)
    assert (told["user_type"], told["enabled"], told["department"], told["on_premises_sync_enabled"]) == (None,) * 4


def test_year_one_is_never(tenant, row):
    user = tenant.create_user("Adele", properties={"employeeHireDate": "0001-01-01T00:00:00Z"})
    tenant.set_sign_in_activity(
        user,
        {
            "lastSignInDateTime": "0001-01-01T00:00:00Z",
            "lastNonInteractiveSignInDateTime": "2026-05-02T03:04:05Z",
        },
    )

    told = row("accounts", user, sign_in_activity=True)
    assert (told["employee_hire_date"], told["last_sign_in_at"], told["last_successful_sign_in_at"]) == (
        None,
        None,
        None,
    )
    assert told["last_non_interactive_sign_in_at"] == datetime(2026, 5, 2, 3, 4, 5, tzinfo=UTC)
    assert row("accounts", user)["last_non_interactive_sign_in_at"] is None


def test_a_deleted_manager_is_no_manager(tenant, row):
    user, manager = tenant.create_user("Adele"), tenant.create_user("Boss")
    tenant.set_manager(user, manager)

    tenant.delete_user(manager)

    assert row("accounts", user)["manager_id"] is None


@pytest.mark.parametrize(
    ("types", "enabled", "expected"),
    [
        (["Unified"], (True, False), "microsoft_365"),
        (["Unified", "DynamicMembership"], (True, True), "microsoft_365"),
        ([], (True, True), "mail_enabled_security"),
        ([], (True, False), "distribution"),
        ([], (False, True), "security"),
        (["DynamicMembership"], (False, True), "security"),
        ([], (False, False), "other"),
    ],
)
def test_types_of_groups(tenant, row, types, enabled, expected):
    mail, security = enabled
    group = tenant.create_group("G", properties={"groupTypes": types, "mailEnabled": mail, "securityEnabled": security})

    told = row("groups", group)
    assert (told["group_type"], told["is_dynamic"]) == (expected, "DynamicMembership" in types)


@pytest.mark.parametrize("said", [True, False, None])
def test_role_assignable_is_what_graph_said(tenant, row, said):
    assert (
        row("groups", tenant.create_group("G", properties={"isAssignableToRole": said}))["is_assignable_to_role"]
        is said
    )


@pytest.mark.parametrize(
    ("options", "to"),
    [({}, ["account", "group", "service_principal"]), ({"kind": "microsoft_365"}, ["account"])],
)
def test_what_can_be_held_on_a_group(tenant, row, options, to):
    group = tenant.create_group("Sales", **options)

    assert offered(row, f"group:{group}:member") == ("Sales Member", None, None, None, to)
    assert offered(row, f"group:{group}:owner") == ("Sales Owner", None, None, None, ["account", "service_principal"])


def test_what_can_be_held_on_a_role(tenant, row):
    off = tenant.create_role_definition("Former", enabled=False)
    anyone = ["account", "group", "service_principal"]

    assert offered(row, f"directory_role:{READER}:assigned") == ("Security Reader Assigned", None, None, True, anyone)
    assert offered(row, f"directory_role:{READER}:eligible") == ("Security Reader Eligible", None, None, True, anyone)
    assert offered(row, f"directory_role:{off}:assigned") == ("Former Assigned", None, None, False, anyone)


def test_what_can_be_held_on_a_license(tenant, row):
    sku = tenant.add_sku("POWER_BI_PRO", 3)

    assert offered(row, f"license:{sku}:assigned") == ("POWER_BI_PRO Assigned", None, None, None, ["account", "group"])
    told = row("licenses", sku)
    assert (told["enabled_units"], told["consumed_units"], told["applies_to"]) == (3, 0, "User")
    assert told["service_plans"][0] == {
        "id": "70d33638-9c74-4d01-bfd3-562de28bd4ba",
        "name": "BI_AZURE_P2",
        "provisioning_status": "Success",
    }


@pytest.mark.parametrize(
    ("allowed", "to"),
    [
        (["User"], ["account", "group"]),
        (["Application"], ["service_principal"]),
        (["Application", "User"], ["account", "group", "service_principal"]),
    ],
)
def test_what_can_be_held_on_an_application(tenant, row, allowed, to):
    role = {
        "id": ROLE,
        "displayName": "Reader",
        "description": "Reads",
        "value": "read",
        "isEnabled": False,
        "allowedMemberTypes": allowed,
    }
    app = tenant.create_service_principal("App", properties={"appRoles": [role]})

    kind = f"enterprise_application:{app}"
    anyone = ["account", "group", "service_principal"]
    assert offered(row, f"{kind}:owner") == ("App Owner", None, None, None, ["account", "service_principal"])
    assert offered(row, f"{kind}:{DEFAULT}") == ("App Default Access", None, None, None, anyone)
    assert offered(row, f"{kind}:{ROLE}") == ("Reader", "Reads", "read", False, to)


def test_an_app_role_that_is_held_but_no_longer_declared(tenant, row, grant):
    app = tenant.create_service_principal("App", properties={"appRoles": [{"id": ROLE, "value": None}]})
    user = tenant.create_user("Adele")
    tenant.assign_app_role(user, app, ROLE)

    tenant.update_service_principal(app, {"appRoles": []})

    assert offered(row, f"enterprise_application:{app}:{ROLE}") == (ROLE, None, None, False, [])
    assert grant(f"enterprise_application:{app}:{ROLE}|{user}") is not None


@pytest.mark.parametrize(
    ("properties", "job", "expected"),
    [
        ({"tags": [INTEGRATED]}, None, (False, None, None)),
        ({"tags": [INTEGRATED]}, ("scim", "Active"), (True, "Active", "scim")),
        ({"tags": []}, ("scim", "Active"), (None, None, None)),
        ({"tags": [INTEGRATED], "appOwnerOrganizationId": MICROSOFT}, None, (None, None, None)),
        ({"tags": [INTEGRATED], "servicePrincipalType": "ManagedIdentity"}, None, (None, None, None)),
    ],
)
def test_which_applications_are_provisioned(tenant, row, properties, job, expected):
    app = tenant.create_service_principal("App", properties=properties)
    if job is not None:
        tenant.set_provisioning(app, *job)

    told = row("enterprise_applications", app)
    assert (told["provisioned_by_scim"], told["provisioning_state"], told["provisioning_template"]) == expected


def test_managed_identities_and_microsofts_applications_are_marked(tenant, row):
    identity = tenant.create_service_principal(
        "id", properties={"servicePrincipalType": "ManagedIdentity", "appOwnerOrganizationId": None}
    )
    graph = next(app for app in truth(tenant)["enterprise_applications"] if app["display_name"] == "Microsoft Graph")

    told = row("enterprise_applications", identity)
    assert (told["is_managed_identity"], told["is_microsoft_first_party"]) == (True, False)
    assert (graph["is_managed_identity"], graph["is_microsoft_first_party"]) == (False, True)


def test_tables_are_sorted_by_their_keys_and_have_no_doubles(tenant):
    for user in "CBA":
        tenant.create_user(user)

    for name, rows in truth(tenant).items():
        keys = [(row["grant_id"], row["principal_id"]) if name == "inherited_grants" else row["id"] for row in rows]
        assert keys == sorted(set(keys)), name
