"""What publishing makes of staged facts: hand-written rows in, literal rows out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connector.access.tables import TABLES
from tests.support.staged import ZERO, Rows, ids, member


def test_nothing_staged_makes_eight_empty_tables(build) -> None:
    built = build({}).built

    assert {name: facts.rows for name, facts in built.tables.items()} == {table.name: 0 for table in TABLES}
    assert built.left_out == {}


def test_a_repeated_line_counts_once_and_the_last_one_holds(build) -> None:
    snapshot = build({"accounts": [{"id": "a", "department": "old"}, {"id": "a", "department": "new"}]})

    assert snapshot.rows("accounts", "id", "department") == [("a", "new")]


def test_times_are_read_and_rows_are_sorted_by_key(build) -> None:
    snapshot = build({"accounts": [{"id": "b", "created_at": "2026-01-02T03:04:05Z"}, {"id": "a"}]})

    assert snapshot.rows("accounts", "id", "created_at") == [
        ("a", None),
        ("b", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ]


def test_of_one_membership_the_line_with_the_highest_ordinal_holds(build) -> None:
    snapshot = build(
        {
            "groups": ids("g"),
            "accounts": ids("stays", "left", "back"),
            "memberships": [
                member("g", "back", ordinal=3),
                member("g", "left", ordinal=2, removed=True),
                member("g", "stays", ordinal=1),
                member("g", "left", ordinal=1),
                member("g", "back", ordinal=2, removed=True),
            ],
        }
    )

    assert snapshot.rows("grants", "id") == [("group:g:member|back",), ("group:g:member|stays",)]


def test_members_of_every_kind_are_counted_and_devices_hold_no_grant(build) -> None:
    kinds = ["account", "group", "service_principal", "device", "contact", "other"]
    snapshot = build(
        {
            "groups": ids("g", "m-group"),
            "accounts": ids("m-account"),
            "enterprise_applications": ids("m-service_principal"),
            "memberships": [member("g", f"m-{kind}", kind) for kind in kinds],
        }
    )

    counts = [f"{kind}_members" for kind in ("user", "group", "service_principal", "device", "contact", "other")]
    assert snapshot.rows("groups", *counts, where="id = 'g'") == [(1, 1, 1, 1, 1, 1)]
    assert snapshot.rows("grants", "principal_kind") == [("account",), ("group",), ("service_principal",)]
    assert snapshot.built.left_out == {"contact_members": 1, "device_members": 1, "other_members": 1}


@pytest.mark.parametrize(
    ("group", "of_member", "of_owner"),
    [
        ({"group_type": "security"}, None, None),
        ({"is_dynamic": True, "on_premises_sync_enabled": True}, "dynamic_membership", "synced_from_on_premises"),
        (
            {"on_premises_sync_enabled": False, "group_type": "distribution"},
            "managed_by_exchange",
            "managed_by_exchange",
        ),
        ({"on_premises_sync_enabled": True, "group_type": "distribution"}, *["synced_from_on_premises"] * 2),
        ({"group_type": "mail_enabled_security"}, "managed_by_exchange", "managed_by_exchange"),
    ],
)
def test_what_can_be_revoked_depends_on_the_group(
    build, group: Any, of_member: str | None, of_owner: str | None
) -> None:
    snapshot = build(
        {
            "groups": [{"id": "g"} | group],
            "accounts": ids("a"),
            "memberships": [member("g", "a"), member("g", "a", relation="owner")],
        }
    )

    assert snapshot.rows("grants", "id", "not_revocable_reason", "revocable") == [
        ("group:g:member|a", of_member, of_member is None),
        ("group:g:owner|a", of_owner, of_owner is None),
    ]


def test_the_entitlements_of_every_resource(build) -> None:
    snapshot = build(
        {
            "groups": [
                {"id": "m", "display_name": "Mail", "group_type": "microsoft_365"},
                {"id": "s", "display_name": "Safe", "group_type": "security"},
            ],
            "directory_roles": [{"id": "r", "display_name": "Reader", "is_enabled": False}],
            "licenses": [{"id": "l", "sku_part_number": "E5"}],
            "enterprise_applications": [{"id": "p", "display_name": "Portal"}],
            "app_roles": [
                {
                    "application_id": "p",
                    "role_id": "r1",
                    "display_name": "Admin",
                    "description": "All of it",
                    "value": "admin",
                    "enabled": True,
                    "allowed_member_types": ["Application", "User"],
                }
            ],
            "app_role_assignments": [
                {"id": "x", "application_id": "p", "role_id": "gone", "principal_kind": "account", "principal_id": "a"}
            ],
        }
    )

    everyone, people = ["account", "group", "service_principal"], ["account", "service_principal"]
    rows = snapshot.rows("entitlements", "id", "display_name", "description", "value", "enabled", "grantable_to")
    assert rows == [
        ("directory_role:r:assigned", "Reader Assigned", None, None, False, everyone),
        ("directory_role:r:eligible", "Reader Eligible", None, None, False, everyone),
        (f"enterprise_application:p:{ZERO}", "Portal Default Access", None, None, None, everyone),
        ("enterprise_application:p:gone", "gone", None, None, False, []),
        ("enterprise_application:p:owner", "Portal Owner", None, None, None, people),
        ("enterprise_application:p:r1", "Admin", "All of it", "admin", True, everyone),
        ("group:m:member", "Mail Member", None, None, None, ["account"]),
        ("group:m:owner", "Mail Owner", None, None, None, people),
        ("group:s:member", "Safe Member", None, None, None, everyone),
        ("group:s:owner", "Safe Owner", None, None, None, people),
        ("license:l:assigned", "E5 Assigned", None, None, None, ["account", "group"]),
    ]


def instance(key: str, principal: str, **more: Any) -> dict[str, Any]:
    return {"id": key, "role_id": "r", "principal_id": principal, "scope": "/", "member_type": "Direct"} | more


def test_roles_are_counted_once_with_what_pim_knows_of_them(build) -> None:
    end = "2026-12-01T00:00:00Z"
    assigned = [("ra1", "a"), ("ra2", "b"), ("ra3", "c")]
    snapshot = build(
        {
            "directory_roles": ids("r"),
            "accounts": ids("a", "b", "c", "d"),
            "role_assignments": [
                {"id": key, "role_id": "r", "principal_id": principal, "scope": "/"} for key, principal in assigned
            ],
            "role_assignment_instances": [
                instance("i1", "a", origin_id="ra1", assignment_type="Assigned"),
                instance("i2", "b", origin_id="ra2", assignment_type="Activated", ends_at=end),
                instance("i3", "c", assignment_type="Assigned", ends_at=end),
                instance("i4", "d", origin_id="ra4", assignment_type="Assigned"),
                instance("i5", "d", member_type="Group", assignment_type="Assigned", scope="/derived"),
            ],
            "role_eligibility_instances": [
                instance("e1", "a", ends_at=end),
                instance("e2", "d", member_type="Inherited"),
            ],
        }
    )

    day = datetime(2026, 12, 1, tzinfo=UTC)
    assert snapshot.rows("grants", "id", "source", "assignment_id", "assignment_type", "ends_at", "revocable") == [
        ("directory_role:r:assigned|a", "direct", "ra1", "Assigned", None, True),
        ("directory_role:r:assigned|b", "pim", "ra2", "Activated", day, True),
        ("directory_role:r:assigned|c", "pim", "ra3", "Assigned", day, True),
        ("directory_role:r:assigned|d", "direct", "ra4", "Assigned", None, True),
        ("directory_role:r:eligible|a", "pim", "e1", None, day, True),
    ]


def test_a_scope_is_never_flattened_to_the_tenant(build) -> None:
    scopes = ["/", "/administrativeUnits/u", "/app", "/p", "/thing"]
    snapshot = build(
        {
            "directory_roles": ids("r"),
            "enterprise_applications": [{"id": "p", "display_name": "Portal"}],
            "role_assignments": [
                {"id": f"ra{n}", "role_id": "r", "principal_id": "p", "scope": scope} for n, scope in enumerate(scopes)
            ],
            "scopes": [
                {"id": "/administrativeUnits/u", "kind": "administrative_unit", "name": "Unit"},
                {"id": "/app", "kind": "application", "name": "App"},
            ],
        }
    )

    assert snapshot.rows("grants", "id", "scope_kind", "scope_name") == [
        ("directory_role:r:assigned|p", "tenant", None),
        ("directory_role:r:assigned|p|/administrativeUnits/u", "administrative_unit", "Unit"),
        ("directory_role:r:assigned|p|/app", "application", "App"),
        ("directory_role:r:assigned|p|/p", "application", "Portal"),
        ("directory_role:r:assigned|p|/thing", "other", None),
    ]


def test_licenses_name_the_group_that_they_come_through(build) -> None:
    snapshot = build(
        {
            "licenses": ids("l"),
            "accounts": ids("a"),
            "groups": ids("g"),
            "license_states": [
                {"account_id": "a", "sku_id": "l", "state": "Active", "error": "None", "disabled_plans": []},
                {
                    "account_id": "a",
                    "sku_id": "l",
                    "assigned_by_group": "g",
                    "state": "Error",
                    "error": "CountViolation",
                },
            ],
            "group_licenses": [{"group_id": "g", "sku_id": "l", "disabled_plans": ["plan"]}],
        }
    )

    columns = (
        "id",
        "source",
        "via_group_id",
        "license_state",
        "license_error",
        "disabled_plans",
        "not_revocable_reason",
    )
    direct, inherited = "kind_not_provisioned", "inherited_license"
    assert snapshot.rows("grants", *columns) == [
        ("license:l:assigned|a", "direct", None, "Active", None, None, direct),
        ("license:l:assigned|a|via:g", "group", "g", "Error", "CountViolation", None, inherited),
        ("license:l:assigned|g", "direct", None, None, None, ["plan"], direct),
    ]


def test_a_grant_without_its_principal_or_resource_is_counted(build) -> None:
    snapshot = build({"groups": ids("g"), "accounts": ids("a"), "memberships": [member("g", "x"), member("y", "a")]})

    assert snapshot.rows("grants", "id") == []
    assert snapshot.built.left_out == {"grants_without_principal": 1, "grants_without_resource": 1}


HYBRID: Rows = {
    "groups": [
        {"id": "ad", "on_premises_sync_enabled": True},
        {"id": "was-ad", "on_premises_sync_enabled": False},
        {"id": "cloud"},
    ],
    "accounts": [{"id": "a", "on_premises_sync_enabled": True}],
    "licenses": ids("l"),
    "memberships": [member("ad", "a"), member("cloud", "ad", "group"), member("cloud", "a"), member("was-ad", "a")],
    "license_states": [{"account_id": "a", "sku_id": "l", "assigned_by_group": "ad"}],
}


def test_groups_of_active_directory_can_be_left_out_and_people_stay(build) -> None:
    snapshot = build(HYBRID, SKIP_AD_GROUPS="true")

    assert snapshot.rows("groups", "id") == [("cloud",), ("was-ad",)]
    assert snapshot.rows("accounts", "id") == [("a",)]
    assert snapshot.rows("grants", "id") == [
        ("group:cloud:member|a",),
        ("group:was-ad:member|a",),
        ("license:l:assigned|a|via:ad",),
    ]
    assert snapshot.rows("inherited_grants", "grant_id") == []
    assert snapshot.rows("entitlements", "resource_id", where="resource_id = 'ad'") == []
    assert snapshot.built.left_out == {"ad_groups": 1, "grants_of_ad_groups": 1, "grants_on_ad_groups": 1}


def test_groups_of_active_directory_are_there_by_default(build) -> None:
    snapshot = build(HYBRID)

    assert snapshot.rows("inherited_grants", "grant_id", "principal_id", "path") == [
        ("group:cloud:member|ad", "a", ["ad"])
    ]


def test_unassigned_applications_can_be_left_out(build) -> None:
    rows: Rows = {
        "enterprise_applications": ids("assigned", "holder", "unused"),
        "accounts": ids("a"),
        "groups": ids("g"),
        "memberships": [member("g", "holder", "service_principal")],
        "application_owners": [
            {"application_id": app, "principal_kind": "account", "principal_id": "a"} for app in ("holder", "unused")
        ],
        "app_role_assignments": [
            {"id": "x", "application_id": "assigned", "role_id": ZERO, "principal_kind": "account", "principal_id": "a"}
        ],
    }
    snapshot = build(rows, SKIP_UNASSIGNED_APPS="true")

    assert snapshot.rows("enterprise_applications", "id", "assignments") == [("assigned", 1), ("holder", 0)]
    assert snapshot.rows("grants", "id") == [
        (f"enterprise_application:assigned:{ZERO}|a",),
        ("enterprise_application:holder:owner|a",),
        ("group:g:member|holder",),
    ]
    assert snapshot.built.left_out == {"unassigned_applications": 1, "grants_on_unassigned_applications": 1}


@pytest.mark.parametrize(("complete", "with_job", "without"), [(True, True, False), (False, True, None)])
def test_whether_an_application_is_provisioned_is_unknown_where_jobs_were_not_read(
    build, complete: bool, with_job: bool | None, without: bool | None
) -> None:
    candidate = {"service_principal_type": "Application", "tags": ["WindowsAzureActiveDirectoryIntegratedApp"]}
    snapshot = build(
        {
            "enterprise_applications": [
                {"id": "a"} | candidate,
                {"id": "b"} | candidate,
                {"id": "c"} | candidate | {"is_microsoft_first_party": True},
                {"id": "d", "service_principal_type": "Application"},
            ],
            "provisioning_jobs": [
                {"application_id": "a", "job_id": "2", "template_id": "late", "state": "Paused"},
                {"application_id": "a", "job_id": "1", "template_id": "scim", "state": "Active"},
                {"application_id": "d", "job_id": "1", "template_id": "of when it was tagged", "state": "Active"},
            ],
        },
        jobs_complete=complete,
    )

    assert snapshot.rows("enterprise_applications", "provisioned_by_scim", "provisioning_template") == [
        (with_job, "scim"),
        (without, None),
        (None, None),
        (None, None),
    ]


def test_the_same_facts_make_the_same_bytes(build) -> None:
    accounts = [{"id": f"{n:06}", "department": f"d{n % 7}"} for n in range(30_000)]

    first, second = (build({"accounts": accounts}).built.tables for _ in range(2))

    assert {name: facts.parts[0].sha256 for name, facts in first.items()} == {
        name: facts.parts[0].sha256 for name, facts in second.items()
    }
