"""Facts: every rule of what is a grant, what it says, and whether it can be revoked, on tenants made by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from emulators.graph.tenant.state import Rel
from emulators.graph.tenant.tenant import Tenant
from emulators.graph.tenant.truth import truth

READER = "5d6b6bb7-de71-4623-b4af-96380a352509"
DEFAULT = "00000000-0000-0000-0000-000000000000"


def of_group(tenant: Tenant, group: str) -> list[dict[str, Any]]:
    return [row for row in truth(tenant)["grants"] if row["resource_id"] == group]


def test_a_membership(tenant, grant):
    group, user = tenant.create_group("Sales"), tenant.create_user("Adele")
    tenant.add_member(group, user)

    assert grant(f"group:{group}:member|{user}") == {
        "id": f"group:{group}:member|{user}",
        "entitlement_id": f"group:{group}:member",
        "resource_kind": "group",
        "resource_id": group,
        "principal_kind": "account",
        "principal_id": user,
        "source": "direct",
        "via_group_id": None,
        "scope": "/",
        "scope_kind": "tenant",
        "scope_name": None,
        "assignment_id": None,
        "assignment_type": None,
        "starts_at": None,
        "ends_at": None,
        "created_at": None,
        "license_state": None,
        "license_error": None,
        "disabled_plans": None,
        "revocable": True,
        "not_revocable_reason": None,
    }


def test_devices_and_contacts_are_counted_and_hold_nothing(tenant, row):
    group, user = tenant.create_group("G"), tenant.create_user("U")
    for member in (user, tenant.create_device("PC"), tenant.create_contact("Supplier"), tenant.create_group("Inner")):
        tenant.add_member(group, member)

    assert {grant["principal_kind"] for grant in of_group(tenant, group)} == {"account", "group"}
    told = row("groups", group)
    assert [
        told[f"{kind}_members"] for kind in ("user", "group", "service_principal", "device", "contact", "other")
    ] == [
        1,
        1,
        0,
        1,
        1,
        0,
    ]


def test_what_is_deleted_holds_nothing_and_is_not_counted(tenant, row):
    group, user, app = tenant.create_group("G"), tenant.create_user("U"), tenant.create_service_principal("App")
    sku = tenant.add_sku("SPE_E5", 5)
    tenant.add_member(group, user)
    tenant.assign_role(user, READER)
    tenant.assign_app_role(user, app)
    tenant.assign_license(user, sku)
    before = len(truth(tenant)["grants"])

    tenant.delete_user(user)

    assert len(truth(tenant)["grants"]) == before - 4
    assert row("groups", group)["user_members"] == 0
    assert row("enterprise_applications", app)["assignments"] == 0
    assert row("licenses", sku)["consumed_units"] == 0
    tenant.restore_user(user)
    assert len(truth(tenant)["grants"]) == before


def test_nothing_is_held_on_a_deleted_group(tenant):
    team, user = tenant.create_group("Team", kind="microsoft_365"), tenant.create_user("U")
    tenant.add_member(team, user)

    tenant.delete_group(team)

    assert of_group(tenant, team) == []


@pytest.mark.parametrize(
    ("options", "member", "owner"),
    [
        ({}, None, None),
        ({"kind": "microsoft_365"}, None, None),
        ({"membership_rule": "r"}, "dynamic_membership", None),
        ({"synced": True}, "synced_from_on_premises", "synced_from_on_premises"),
        ({"kind": "distribution"}, "managed_by_exchange", "managed_by_exchange"),
        ({"kind": "mail_enabled_security"}, "managed_by_exchange", "managed_by_exchange"),
        ({"kind": "distribution", "synced": True}, "synced_from_on_premises", "synced_from_on_premises"),
        ({"membership_rule": "r", "synced": True}, "dynamic_membership", "synced_from_on_premises"),
        ({"properties": {"onPremisesSyncEnabled": False}}, None, None),
    ],
)
def test_why_a_membership_or_an_ownership_cannot_be_revoked(tenant, grant, options, member, owner):
    group, user = tenant.create_group("G", **options), tenant.create_user("U")
    tenant.add_member(group, user, as_system=True)
    tenant.add_owner(group, user, as_system=True)

    for slug, reason in (("member", member), ("owner", owner)):
        told = grant(f"group:{group}:{slug}|{user}")
        assert (told["revocable"], told["not_revocable_reason"]) == (reason is None, reason)


def test_a_permanent_assignment_of_a_role(tenant, grant):
    user = tenant.create_user("U")
    assignment = tenant.assign_role(user, READER)

    told = grant(f"directory_role:{READER}:assigned|{user}")
    assert (told["source"], told["assignment_id"], told["assignment_type"]) == ("direct", assignment, "Assigned")
    assert (told["starts_at"], told["ends_at"], told["revocable"]) == (None, None, True)


def test_an_assignment_that_ends_is_pims(tenant, grant):
    user = tenant.create_user("U")
    tenant.assign_role(user, READER, starts_at="2026-05-01T00:00:00Z", ends_at="2026-12-31T00:00:00Z")

    told = grant(f"directory_role:{READER}:assigned|{user}")
    assert (told["source"], told["assignment_type"]) == ("pim", "Assigned")
    assert told["starts_at"] == datetime(2026, 5, 1, tzinfo=UTC)
    assert told["ends_at"] == datetime(2026, 12, 31, tzinfo=UTC)


def test_an_assignment_with_a_start_only_is_direct(tenant, grant):
    user = tenant.create_user("U")
    tenant.assign_role(user, READER, starts_at="2026-05-01T00:00:00Z")

    told = grant(f"directory_role:{READER}:assigned|{user}")
    assert (told["source"], told["starts_at"]) == ("direct", datetime(2026, 5, 1, tzinfo=UTC))


def test_eligible_and_activated_are_two_grants(tenant, grant):
    user = tenant.create_user("U")
    eligibility = tenant.make_eligible(user, READER, ends_at="2026-12-31T00:00:00Z")
    assert grant(f"directory_role:{READER}:assigned|{user}") is None

    assignment = tenant.activate_role(user, READER)

    active, eligible = (grant(f"directory_role:{READER}:{slug}|{user}") for slug in ("assigned", "eligible"))
    assert (active["source"], active["assignment_type"], active["assignment_id"]) == ("pim", "Activated", assignment)
    assert (eligible["source"], eligible["assignment_type"], eligible["assignment_id"]) == ("pim", None, eligibility)
    assert eligible["ends_at"] == datetime(2026, 12, 31, tzinfo=UTC)


def test_without_p2_there_are_no_facts_of_pim(tenant, grant):
    user = tenant.create_user("U")
    tenant.assign_role(user, READER, ends_at="2026-12-31T00:00:00Z")
    tenant.make_eligible(user, READER)

    tenant.set_fact("entra_id_p2", "false")

    told = grant(f"directory_role:{READER}:assigned|{user}")
    assert (told["source"], told["assignment_type"], told["ends_at"]) == ("direct", None, None)
    assert grant(f"directory_role:{READER}:eligible|{user}") is None


def test_scopes_of_roles(tenant, grant):
    user, unit = tenant.create_user("U"), tenant.create_administrative_unit("Seattle")
    app, principal, group = (
        tenant.create_application("Registration"),
        tenant.create_service_principal("Enterprise"),
        tenant.create_group("G"),
    )
    expected = {
        f"/administrativeUnits/{unit}": ("administrative_unit", "Seattle"),
        f"/{app}": ("application", "Registration"),
        f"/{principal}": ("application", "Enterprise"),
        f"/{group}": ("other", None),
    }
    for scope in expected:
        tenant.assign_role(user, READER, scope)

    for scope, (kind, name) in expected.items():
        told = grant(f"directory_role:{READER}:assigned|{user}|{scope}")
        assert (told["scope"], told["scope_kind"], told["scope_name"]) == (scope, kind, name)


def test_licenses_say_how_they_came(tenant, grant):
    user, group, sku = tenant.create_user("U"), tenant.create_group("Licensed"), tenant.add_sku("SPE_E5", 5)
    tenant.add_member(group, user)
    tenant.assign_license(user, sku, ["a23b959c-7ce8-4e57-9140-b90eb88a9e97"])
    tenant.assign_license(group, sku)

    direct = grant(f"license:{sku}:assigned|{user}")
    through = grant(f"license:{sku}:assigned|{user}|via:{group}")
    of_the_group = grant(f"license:{sku}:assigned|{group}")
    assert (direct["source"], direct["via_group_id"], direct["license_state"]) == ("direct", None, "Active")
    assert direct["disabled_plans"] == ["a23b959c-7ce8-4e57-9140-b90eb88a9e97"]
    assert direct["not_revocable_reason"] == "kind_not_provisioned"
    assert (through["source"], through["via_group_id"], through["disabled_plans"]) == ("group", group, None)
    assert through["not_revocable_reason"] == "inherited_license"
    assert (of_the_group["principal_kind"], of_the_group["source"], of_the_group["license_state"]) == (
        "group",
        "direct",
        None,
    )
    assert of_the_group["not_revocable_reason"] == "kind_not_provisioned"


@pytest.mark.parametrize(("said", "told"), [(None, None), ("None", None), ("CountViolation", "CountViolation")])
def test_an_error_of_a_license_is_told_where_there_is_one(tenant, grant, said, told):
    user, sku = tenant.create_user("U"), tenant.add_sku("SPE_E5", 5)
    tenant.assign_license(user, sku)
    tenant.db.execute("UPDATE user_licenses SET error = ?", (said,))

    assert grant(f"license:{sku}:assigned|{user}")["license_error"] == told


def test_app_roles_and_owners_of_applications(tenant, grant):
    app, user = tenant.create_service_principal("App"), tenant.create_user("U")
    assignment = tenant.assign_app_role(user, app)
    tenant.add_owner(app, user)

    held = grant(f"enterprise_application:{app}:{DEFAULT}|{user}")
    assert held["assignment_id"] == assignment
    assert held["created_at"].tzinfo is UTC or held["created_at"].utcoffset().total_seconds() == 0
    assert held["not_revocable_reason"] == "kind_not_provisioned"
    owned = grant(f"enterprise_application:{app}:owner|{user}")
    assert (owned["assignment_id"], owned["created_at"], owned["revocable"]) == (None, None, False)


def test_a_group_that_owns_something_by_mistake_still_owns_it(tenant, grant):
    outer, inner = tenant.create_group("Outer"), tenant.create_group("Inner")
    with tenant.transaction():
        tenant.add_edge(Rel.OWNER, tenant.find(outer).key, tenant.find(inner).key)

    assert grant(f"group:{outer}:owner|{inner}")["principal_kind"] == "group"
    assert not [row for row in truth(tenant)["inherited_grants"] if row["entitlement_id"].endswith(":owner")]
