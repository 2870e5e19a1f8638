"""Generated tenants: the same every time, and with some of everything that real ones have."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from emulators.graph.tenant.generator import generate
from emulators.graph.tenant.tenant import Tenant
from emulators.graph.tenant.truth import truth
from emulators.graph.tenant.wellknown import built_in_roles, skus

ROOT = Path(__file__).parents[4]
PROGRAM = """
import hashlib
from emulators.graph.tenant.generator import generate
print(hashlib.sha256("\\n".join(generate(users=60, seed=7).db.iterdump()).encode()).hexdigest())
"""


def dump(tenant: Tenant) -> str:
    return "\n".join(tenant.db.iterdump())


def one(tenant: Tenant, sql: str) -> Any:
    """The first value of the first row."""
    return tenant.db.execute(sql).fetchone()[0]


@pytest.fixture(scope="module")
def large() -> Tenant:
    return generate(users=2000)


@pytest.fixture(scope="module")
def small() -> Tenant:
    return generate(users=50)


@pytest.fixture(scope="module", params=[50, 2000])
def tenant(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue("small" if request.param == 50 else "large")


@pytest.fixture(scope="module")
def picture(tenant: Tenant) -> dict[str, list[dict[str, Any]]]:
    return truth(tenant, sign_in_activity=True, mailbox_purpose=True)


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_the_same_arguments_give_the_same_state_in_any_process(hash_seed):
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, cwd=ROOT, check=True, capture_output=True, text=True
    )

    assert answer.stdout.strip() == hashlib.sha256(dump(generate(users=60, seed=7)).encode()).hexdigest()


def test_seeds_make_different_tenants():
    first, second = generate(users=5, seed=1), generate(users=5, seed=2)

    assert first.id != second.id
    assert dump(first) != dump(second)


@pytest.mark.parametrize("users", [0, 1, 5, 13, 50])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_small_tenants_have_the_size_that_was_asked_for(users, seed):
    tables = truth(generate(users=users, seed=seed))

    assert len(tables["accounts"]) == users
    ids = {entitlement["id"] for entitlement in tables["entitlements"]}
    assert {grant["entitlement_id"] for grant in tables["grants"]} <= ids


@pytest.mark.parametrize("seed", range(8))
def test_whatever_the_seed_fifty_users_are_enough_for_depth_and_errors(seed):
    tables = truth(generate(users=50, seed=seed))

    assert max(row["depth"] for row in tables["inherited_grants"]) >= 6
    assert {"CountViolation"} <= {grant["license_error"] for grant in tables["grants"]}


def test_every_size_can_be_set():
    tables = truth(generate(users=40, groups=70, apps=30, memberships=200))

    assert len(tables["accounts"]) == 40
    assert len(tables["groups"]) == 70
    assert len(tables["enterprise_applications"]) == 30 + 2  # Microsoft Graph and the connector
    accounts = sum(group["user_members"] for group in tables["groups"])
    assert 120 < accounts < 400


def test_a_generated_tenant_has_no_history(tenant):
    assert tenant.seq == 1
    assert one(tenant, "SELECT COUNT(*) FROM property_changes") == 0
    assert one(tenant, "SELECT COUNT(*) FROM edge_changes") == 0
    assert one(tenant, "SELECT COUNT(*) FROM objects WHERE created_seq <> 1 OR changed_seq <> 1") == 0


def test_a_database_can_be_kept_in_a_file(tmp_path):
    kept = generate(users=5, path=tmp_path / "tenant.db")

    assert dump(kept) == dump(generate(users=5))


def test_group_sizes_are_skewed(large):
    sizes = sorted((group["user_members"] for group in truth(large)["groups"]), reverse=True)

    assert sizes[0] >= 1900
    assert sizes[2] >= 1000
    assert sizes[len(sizes) // 2] < 15
    assert sizes.count(0) > len(sizes) // 20


def test_every_kind_of_account(picture):
    accounts = picture["accounts"]
    assert {account["user_type"] for account in accounts} == {"Member", "Guest"}
    assert {account["external_user_state"] for account in accounts} == {None, "Accepted", "PendingAcceptance"}
    assert {account["enabled"] for account in accounts} == {True, False}
    assert {account["on_premises_sync_enabled"] for account in accounts} == {True, False, None}
    assert {"user", "room", "shared", None} <= {account["mailbox_purpose"] for account in accounts}
    assert any(account["manager_id"] for account in accounts)
    assert any(not account["display_name"].isascii() for account in accounts)
    names = [account["user_principal_name"] for account in accounts]
    assert len(names) == len({name.lower() for name in names})
    assert all(name.isascii() for name in names)


def test_sign_in_activity_is_there_missing_and_never(tenant):
    users = one(tenant, "SELECT COUNT(*) FROM objects WHERE type = 'user' AND deleted IS NULL")
    assert 0 < one(tenant, "SELECT COUNT(*) FROM sign_in_activity") < users
    assert one(tenant, "SELECT COUNT(*) FROM sign_in_activity WHERE body LIKE '%\"0001-01-01T00:00:00Z\"%'")


def test_every_kind_of_group(picture):
    groups = picture["groups"]
    kinds = {group["group_type"] for group in groups}
    assert kinds == {"microsoft_365", "security", "mail_enabled_security", "distribution"}
    assert {(group["group_type"], group["is_dynamic"]) for group in groups} >= {
        ("security", True),
        ("microsoft_365", True),
        ("security", False),
    }
    assert {group["is_assignable_to_role"] for group in groups} == {True, False, None}
    assert {group["on_premises_sync_enabled"] for group in groups} == {True, False, None}
    assert "HiddenMembership" in {group["visibility"] for group in groups}
    for count in ("user", "group", "service_principal", "device", "contact"):
        assert any(group[f"{count}_members"] for group in groups), count


def test_rules_of_membership_are_kept(tenant):
    kinds = tenant.db.execute(
        "SELECT json_extract(g.body, '$.groupTypes'), json_extract(g.body, '$.isAssignableToRole'), "
        "json_extract(g.body, '$.onPremisesSyncEnabled'), m.type, json_extract(m.body, '$.onPremisesSyncEnabled') "
        "FROM edges e JOIN objects g ON g.key = e.source AND g.type = 'group' JOIN objects m ON m.key = e.target "
        "WHERE e.rel = 1"
    ).fetchall()
    for types, role_assignable, synced, member, member_synced in kinds:
        if "Unified" in types:
            assert member == "user"
        if role_assignable:
            assert member in ("user", "servicePrincipal")
        if synced:
            assert member_synced == 1
    nested = one(
        tenant,
        "SELECT COUNT(*) FROM edges e JOIN objects m ON m.key = e.target WHERE e.rel = 1 AND m.type = 'group' "
        "AND json_extract(m.body, '$.isAssignableToRole') AND e.source IN (SELECT key FROM objects WHERE type = 'group')",
    )
    assert nested == 0


def test_groups_are_nested_deeply_and_in_a_circle(tenant, picture):
    assert max(row["depth"] for row in picture["inherited_grants"]) >= 6
    in_a_circle = one(
        tenant,
        "WITH RECURSIVE reach (start, key) AS (SELECT source, target FROM edges WHERE rel = 1 "
        "UNION SELECT r.start, e.target FROM reach r JOIN edges e ON e.rel = 1 AND e.source = r.key) "
        "SELECT COUNT(*) FROM reach WHERE start = key",
    )
    assert in_a_circle >= 3


def test_groups_from_active_directory_are_in_cloud_groups_and_so_are_its_users(picture):
    synced_groups = {group["id"] for group in picture["groups"] if group["on_premises_sync_enabled"]}
    synced_users = {account["id"] for account in picture["accounts"] if account["on_premises_sync_enabled"]}
    on_cloud = [
        grant
        for grant in picture["grants"]
        if grant["resource_kind"] == "group" and grant["resource_id"] not in synced_groups
    ]
    assert any(grant["principal_id"] in synced_groups for grant in on_cloud)
    assert any(grant["principal_id"] in synced_users for grant in on_cloud)


def test_owners_of_groups_are_users_and_services(picture):
    owners = {grant["principal_kind"] for grant in picture["grants"] if grant["entitlement_id"].endswith(":owner")}
    assert owners == {"account", "service_principal"}
    owned = {grant["resource_id"] for grant in picture["grants"] if grant["entitlement_id"].endswith(":owner")}
    assert any(group["id"] not in owned for group in picture["groups"])


def test_deleted_objects_are_there_with_what_they_had(tenant):
    deleted = dict(
        tenant.db.execute("SELECT type || ' ' || deleted, COUNT(*) FROM objects WHERE deleted IS NOT NULL GROUP BY 1")
    )
    assert {"user changed", "user deleted", "group changed", "group deleted", "servicePrincipal changed"} == set(
        deleted
    )
    member = "SELECT COUNT(*) FROM edges e JOIN objects o ON o.key = e.{} WHERE e.rel = 1 AND o.deleted = 'changed'"
    assert one(tenant, member.format("target"))
    assert one(tenant, member.format("source"))
    assert (
        one(tenant, "SELECT COUNT(*) FROM edges e JOIN objects o ON o.key = e.source WHERE o.deleted = 'deleted'") == 0
    )
    assert one(
        tenant,
        "SELECT COUNT(*) FROM role_assignments a JOIN objects o ON o.id = a.principal_id WHERE o.deleted = 'changed'",
    )


def test_every_kind_of_application(picture):
    apps = picture["enterprise_applications"]
    assert {app["service_principal_type"] for app in apps} == {"Application", "ManagedIdentity", "Legacy", "SocialIdp"}
    assert {app["sign_on_mode"] for app in apps} == {"saml", "password", "oidc", "notSupported", None}
    assert {app["is_microsoft_first_party"] for app in apps} == {True, False}
    assert {app["provisioned_by_scim"] for app in apps} == {True, False, None}
    assert {"scim", "salesforce"} <= {app["provisioning_template"] for app in apps}
    assert {"Active", "Paused", "Quarantine"} <= {app["provisioning_state"] for app in apps}
    assert {"00000003-0000-0000-c000-000000000000"} <= {app["app_id"] for app in apps}
    assignments = [app["assignments"] for app in apps]
    assert {0, 1} <= set(assignments)
    assert {app["enabled"] for app in apps} == {True, False}


def test_an_application_with_more_owners_than_expand_returns(picture):
    owners = Counter(
        grant["resource_id"]
        for grant in picture["grants"]
        if grant["resource_kind"] == "enterprise_application" and grant["entitlement_id"].endswith(":owner")
    )
    assert max(owners.values()) > 20
    assert len(owners) < len(picture["enterprise_applications"])


def test_an_application_with_thousands_of_assignments(large):
    assert max(app["assignments"] for app in truth(large)["enterprise_applications"]) > 1000


def test_app_roles_of_every_kind_are_held_by_every_kind(picture):
    on_apps = [grant for grant in picture["grants"] if grant["resource_kind"] == "enterprise_application"]
    assert {grant["principal_kind"] for grant in on_apps} == {"account", "group", "service_principal"}
    held = {grant["entitlement_id"] for grant in on_apps}
    roles = {e["id"]: e for e in picture["entitlements"] if e["id"] in held and e["slug"] != "owner"}
    assert {role["enabled"] for role in roles.values()} == {True, False, None}
    assert any(role["grantable_to"] == [] for role in roles.values())  # held, and no longer declared
    assert any(role["slug"].startswith("00000000-0000-0000") for role in roles.values())


def test_roles_of_every_kind_are_held_by_every_kind(picture):
    on_roles = [grant for grant in picture["grants"] if grant["resource_kind"] == "directory_role"]
    assert {grant["principal_kind"] for grant in on_roles} == {"account", "group", "service_principal"}
    assert {grant["scope_kind"] for grant in on_roles} == {"tenant", "administrative_unit", "application", "other"}
    held = {
        (grant["entitlement_id"].rsplit(":", 1)[1], grant["source"], grant["assignment_type"]) for grant in on_roles
    }
    assert held == {
        ("assigned", "direct", "Assigned"),
        ("assigned", "pim", "Assigned"),
        ("assigned", "pim", "Activated"),
        ("eligible", "pim", None),
    }
    custom = {role["id"] for role in picture["directory_roles"] if not role["is_built_in"]}
    assert custom & {grant["resource_id"] for grant in on_roles}
    groups = {grant["entitlement_id"].rsplit(":", 1)[1] for grant in on_roles if grant["principal_kind"] == "group"}
    assert groups == {"assigned", "eligible"}
    assert any(grant["scope_kind"] == "administrative_unit" and grant["source"] == "pim" for grant in on_roles)


def test_directory_roles_have_the_members_that_assignments_say(tenant):
    members = set(
        tenant.db.execute(
            "SELECT json_extract(r.body, '$.roleTemplateId'), p.id FROM edges e JOIN objects r ON r.key = e.source "
            "JOIN objects p ON p.key = e.target WHERE r.type = 'directoryRole' AND e.rel = 1"
        )
    )
    assigned = set(
        tenant.db.execute(
            "SELECT a.role_id, a.principal_id FROM role_assignments a JOIN role_definitions d ON d.id = a.role_id "
            "WHERE a.scope = '/' AND json_extract(d.body, '$.isBuiltIn')"
        )
    )
    assert members == assigned


def test_guests_are_in_role_assignable_groups(picture):
    role_groups = {group["id"] for group in picture["groups"] if group["is_assignable_to_role"]}
    guests = {account["id"] for account in picture["accounts"] if account["user_type"] == "Guest"}
    assert any(grant["resource_id"] in role_groups and grant["principal_id"] in guests for grant in picture["grants"])


def test_licenses_come_directly_through_one_group_through_two_and_both_ways(picture):
    ways: Counter[str] = Counter()
    direct: set[tuple[str, str]] = set()
    grouped: Counter[tuple[str, str]] = Counter()
    for grant in picture["grants"]:
        if grant["resource_kind"] == "license" and grant["principal_kind"] == "account":
            held = (grant["principal_id"], grant["resource_id"])
            if grant["source"] == "direct":
                direct.add(held)
            else:
                grouped[held] += 1
    ways["direct only"] = len(direct - set(grouped))
    ways["both"] = len(direct & set(grouped))
    ways["one group"] = sum(count == 1 for count in grouped.values())
    ways["two groups"] = sum(count == 2 for count in grouped.values())
    assert all(ways.values()), ways


def test_licenses_have_errors_disabled_plans_and_spare_seats(picture):
    held = [grant for grant in picture["grants"] if grant["resource_kind"] == "license"]
    assert {"CountViolation", None} <= {grant["license_error"] for grant in held}
    assert any(grant["disabled_plans"] for grant in held)
    assert any(grant["principal_kind"] == "group" for grant in held)
    assert any(sku["enabled_units"] > sku["consumed_units"] > 0 for sku in picture["licenses"])
    assert {sku["capability_status"] for sku in picture["licenses"]} == {"Enabled", "Suspended"}
    assert {sku["applies_to"] for sku in picture["licenses"]} == {"User", "Company"}


def test_consents_and_administrative_units(tenant):
    kinds = tenant.db.execute("SELECT json_extract(body, '$.consentType') FROM oauth2_permission_grants").fetchall()
    assert set(kinds) == {("AllPrincipals",), ("Principal",)}
    members = tenant.db.execute(
        "SELECT DISTINCT m.type FROM edges e JOIN objects u ON u.key = e.source JOIN objects m ON m.key = e.target "
        "WHERE u.type = 'administrativeUnit'"
    ).fetchall()
    assert set(members) == {("user",), ("group",), ("device",)}


def test_well_known_ids_are_given_once():
    roles = [role for role, _, _ in built_in_roles()]
    assert len(roles) == len(set(roles)) > 80
    assert "62e90394-69f5-4237-9190-012177145e10" in roles
    ids = [sku["skuId"] for sku in skus()]
    assert len(ids) == len(set(ids))
