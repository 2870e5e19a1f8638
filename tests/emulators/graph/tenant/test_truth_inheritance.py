"""What follows from the facts, and what the switches leave out."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from emulators.graph.tenant.tenant import Tenant
from emulators.graph.tenant.truth import truth

READER = "5d6b6bb7-de71-4623-b4af-96380a352509"


def inherited(tenant: Tenant, **settings: Any) -> dict[tuple[str, str], list[str]]:
    """Who inherits what: (entitlement, principal) -> path, nearest group first."""
    rows = truth(tenant, **settings)["inherited_grants"]
    return {(row["entitlement_id"], row["principal_id"]): row["path"] for row in rows}


def chain(tenant: Tenant, *names: str) -> list[str]:
    """Groups, each a member of the one before."""
    groups = [tenant.create_group(name) for name in names]
    for outer, inner in itertools.pairwise(groups):
        tenant.add_member(outer, inner)
    return groups


def test_membership_passes_down_nested_groups_at_any_depth(tenant):
    a, b, c, d = chain(tenant, "A", "B", "C", "D")
    user = tenant.create_user("U")
    tenant.add_member(d, user)

    assert inherited(tenant) == {
        (f"group:{a}:member", c): [b],
        (f"group:{a}:member", d): [c, b],
        (f"group:{a}:member", user): [d, c, b],
        (f"group:{b}:member", d): [c],
        (f"group:{b}:member", user): [d, c],
        (f"group:{c}:member", user): [d],
    }


def test_a_row_tells_the_whole_story(tenant):
    a, b = chain(tenant, "A", "B")
    app = tenant.create_service_principal("App")
    tenant.add_member(b, app)

    assert truth(tenant)["inherited_grants"] == [
        {
            "grant_id": f"group:{a}:member|{b}",
            "principal_kind": "service_principal",
            "principal_id": app,
            "entitlement_id": f"group:{a}:member",
            "resource_kind": "group",
            "resource_id": a,
            "scope": "/",
            "through_group_id": b,
            "depth": 1,
            "path": [b],
        }
    ]


def test_a_cycle_gives_nobody_membership_of_themselves(tenant):
    a, b, c = chain(tenant, "A", "B", "C")
    tenant.add_member(c, a)
    user = tenant.create_user("U")
    tenant.add_member(a, user)

    assert inherited(tenant) == {
        (f"group:{a}:member", c): [b],
        (f"group:{b}:member", a): [c],
        (f"group:{b}:member", user): [a, c],
        (f"group:{c}:member", b): [a],
        (f"group:{c}:member", user): [a],
    }


def test_the_shortest_path_is_told(tenant):
    a, b, c = chain(tenant, "A", "B", "C")
    user = tenant.create_user("U")
    tenant.add_member(c, user)
    tenant.add_member(b, user)

    assert inherited(tenant)[(f"group:{a}:member", user)] == [b]


def test_each_grant_of_a_group_passes_on_by_itself(tenant):
    target, left, right = (tenant.create_group(name) for name in ("Target", "Left", "Right"))
    user = tenant.create_user("U")
    for group in (left, right):
        tenant.add_member(target, group)
        tenant.add_member(group, user)

    rows = truth(tenant)["inherited_grants"]
    assert {(row["grant_id"], row["principal_id"]) for row in rows} == {
        (f"group:{target}:member|{left}", user),
        (f"group:{target}:member|{right}", user),
    }


def test_roles_active_or_eligible_pass_to_the_members_of_the_group(tenant):
    admins, user = tenant.create_group("Admins", role_assignable=True), tenant.create_user("U")
    unit = tenant.create_administrative_unit("Seattle")
    tenant.add_member(admins, user)
    tenant.assign_role(admins, READER, f"/administrativeUnits/{unit}")
    tenant.make_eligible(admins, READER)

    rows = {row["entitlement_id"]: row for row in truth(tenant)["inherited_grants"]}
    assert set(rows) == {f"directory_role:{READER}:assigned", f"directory_role:{READER}:eligible"}
    assert rows[f"directory_role:{READER}:assigned"]["scope"] == f"/administrativeUnits/{unit}"
    assert {row["principal_id"] for row in rows.values()} == {user}


def test_app_roles_pass_to_direct_members_only(tenant):
    outer, inner = chain(tenant, "Outer", "Inner")
    direct, nested, app = (
        tenant.create_user("Direct"),
        tenant.create_user("Nested"),
        tenant.create_service_principal("App"),
    )
    service = tenant.create_service_principal("Service")
    tenant.add_member(outer, direct)
    tenant.add_member(outer, service)
    tenant.add_member(inner, nested)
    tenant.assign_app_role(outer, app)

    heirs = {
        principal for entitlement, principal in inherited(tenant) if entitlement.startswith("enterprise_application")
    }
    assert heirs == {direct, service}


def test_licenses_are_facts_and_inherited_by_nobody(tenant):
    group, user, sku = tenant.create_group("Licensed"), tenant.create_user("U"), tenant.add_sku("SPE_E5", 5)
    tenant.add_member(group, user)
    tenant.assign_license(group, sku)

    assert inherited(tenant) == {}


def test_deleted_groups_pass_nothing_on(tenant):
    outer, inner = chain(tenant, "Outer", "Inner")
    user = tenant.create_user("U")
    tenant.add_member(inner, user)

    tenant.delete_group(inner)

    assert inherited(tenant) == {}
    assert outer


@pytest.fixture
def privileged(tenant: Tenant) -> str:
    """A role-assignable group that holds a role, a nested pair, an application for a group."""
    admins, user = tenant.create_group("Admins", role_assignable=True), tenant.create_user("U")
    outer, inner = chain(tenant, "Outer", "Inner")
    tenant.add_member(admins, user)
    tenant.add_member(inner, user)
    tenant.assign_role(admins, READER)
    tenant.assign_app_role(inner, tenant.create_service_principal("App"))
    return outer


def test_inherited_grants_can_be_limited_to_what_is_privileged(tenant, privileged):
    assert len(inherited(tenant, inherited_grants="all")) == 3
    assert {kind.partition(":")[0] for kind, _ in inherited(tenant, inherited_grants="privileged")} == {
        "directory_role"
    }


def test_inherited_grants_can_be_left_out(tenant, privileged):
    assert inherited(tenant, inherited_grants="off") == {}


def test_memberships_of_role_assignable_groups_are_privileged(tenant):
    # Entra forbids nesting into them; where it is there all the same it matters most.
    inner, user = tenant.create_group("Inner"), tenant.create_user("U")
    admins = tenant.create_group("Admins")
    tenant.add_member(admins, inner)
    tenant.add_member(inner, user)
    tenant.db.execute(
        "UPDATE objects SET body = json_set(body, '$.isAssignableToRole', json('true')) WHERE id = ?", (admins,)
    )

    assert inherited(tenant, inherited_grants="privileged") == {(f"group:{admins}:member", user): [inner]}


def test_skip_ad_groups_leaves_them_out_everywhere(tenant):
    cloud, synced, deep = (
        tenant.create_group("Cloud"),
        tenant.create_group("Synced", synced=True),
        tenant.create_group("D"),
    )
    user, app = (
        tenant.create_user("U", properties={"onPremisesSyncEnabled": True}),
        tenant.create_service_principal("App"),
    )
    tenant.add_member(cloud, synced)
    tenant.add_member(synced, deep, as_system=True)
    tenant.add_member(deep, user)
    tenant.add_member(cloud, user)
    tenant.assign_app_role(synced, app)

    tables = truth(tenant, skip_ad_groups=True)

    assert {group["id"] for group in tables["groups"]} == {cloud, deep}
    assert not [row for row in tables["entitlements"] if row["resource_id"] == synced]
    held = {row["id"] for row in tables["grants"] if row["resource_kind"] == "group"}
    assert held == {f"group:deep:member|{user}".replace("deep", deep), f"group:{cloud}:member|{user}"}
    assert tables["inherited_grants"] == []
    assert [row["id"] for row in tables["accounts"]] == [user]
    told = next(row for row in tables["enterprise_applications"] if row["id"] == app)
    assert told["assignments"] == 1
    assert next(row for row in tables["groups"] if row["id"] == cloud)["group_members"] == 1


def test_licenses_through_groups_from_active_directory_stay(tenant, grant):
    synced, user, sku = tenant.create_group("S", synced=True), tenant.create_user("U"), tenant.add_sku("SPE_E5", 5)
    tenant.add_member(synced, user, as_system=True)
    tenant.assign_license(synced, sku)

    assert grant(f"license:{sku}:assigned|{user}|via:{synced}", skip_ad_groups=True) is not None
    assert grant(f"license:{sku}:assigned|{synced}", skip_ad_groups=True) is None
    assert grant(f"license:{sku}:assigned|{synced}") is not None


def test_a_group_that_was_synced_once_stays(tenant):
    group = tenant.create_group("Once", properties={"onPremisesSyncEnabled": False})

    assert [row["id"] for row in truth(tenant, skip_ad_groups=True)["groups"]] == [group]


def test_skip_unassigned_apps_leaves_out_what_nobody_uses(tenant, grant):
    user, group = tenant.create_user("U"), tenant.create_group("G")
    unused, used, member, owner = (
        tenant.create_service_principal(name) for name in ("Unused", "Used", "Member", "Owner")
    )
    tenant.add_owner(unused, user)
    tenant.assign_app_role(user, used)
    tenant.add_member(group, member)
    tenant.add_owner(group, owner)

    tables = truth(tenant, skip_unassigned_apps=True)

    shown = {row["id"] for row in tables["enterprise_applications"]}
    assert {used, member, owner} <= shown
    assert unused not in shown
    assert not [row for row in tables["entitlements"] if row["resource_id"] == unused]
    assert grant(f"enterprise_application:{unused}:owner|{user}") is not None
    assert grant(f"enterprise_application:{unused}:owner|{user}", skip_unassigned_apps=True) is None
