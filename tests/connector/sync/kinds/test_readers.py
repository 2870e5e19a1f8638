"""Readers stage exactly what is in the tenant's state, which is looked up in its database without Graph in between."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from connector.access.applications import MICROSOFT_TENANT
from connector.access.staged import STAGED
from connector.settings import Settings
from connector.sync.kinds import READERS
from emulators.graph import Fault, Variants
from emulators.graph.tenant.tenant import Tenant
from tests.connector.sync.kinds.conftest import MAILBOXES, SIGN_INS, Reading

LIVING = "principal_id IN (SELECT id FROM objects WHERE deleted IS NULL)"


def ids(tenant: Tenant, kind: str) -> set[str]:
    return {id_ for (id_,) in tenant.db.execute("SELECT id FROM objects WHERE type = ? AND deleted IS NULL", (kind,))}


def edges(tenant: Tenant, rel: int, source_kind: str) -> set[tuple[str, str, str]]:
    return {
        (source, target, kind)
        for source, target, kind in tenant.db.execute(
            "SELECT s.id, t.id, t.type FROM edges e JOIN objects s ON s.key = e.source JOIN objects t ON t.key = e.target"
            " WHERE e.rel = ? AND s.type = ? AND s.deleted IS NULL AND t.deleted IS NULL",
            (rel, source_kind),
        )
    }


KINDS = {
    "user": "account",
    "group": "group",
    "servicePrincipal": "service_principal",
    "device": "device",
    "orgContact": "contact",
}


def related(tenant: Tenant, rel: int, source_kind: str) -> set[tuple[str, str, str]]:
    return {(source, KINDS[kind], target) for source, target, kind in edges(tenant, rel, source_kind)}


def current(reading: Reading) -> set[tuple[str, str, str, str]]:
    """Memberships as publishing sees them: of several lines with one key the last one holds."""
    last = {}
    for row in sorted(reading.rows("memberships"), key=lambda row: row["ordinal"]):
        last[row["group_id"], row["relation"], row["principal_id"]] = row
    return {
        (row["relation"], row["group_id"], row["principal_kind"], row["principal_id"])
        for row in last.values()
        if not row.get("removed")
    }


def expected_memberships(tenant: Tenant) -> set[tuple[str, str, str, str]]:
    members = {("member", *one) for one in related(tenant, 1, "group")}
    return members | {("owner", *one) for one in related(tenant, 2, "group")}


def test_every_reader_declares_tables_that_are_staged_and_parents_that_are_readers():
    names = [reader.name for reader in READERS]
    by_name = {reader.name: reader for reader in READERS}
    assert len(set(names)) == len(names)
    assert {table for reader in READERS for table in reader.tables} == {table.name for table in STAGED}
    for reader in READERS:
        assert set(reader.after) <= set(names)
        if reader.parent:
            assert reader.parent_table in by_name[reader.parent].tables
            assert names.index(reader.parent) < names.index(reader.name)


def test_accounts(engine, tenant):
    reading = engine.read("accounts")
    rows = {row["id"]: row for row in reading.rows("accounts")}
    assert set(rows) == ids(tenant, "user")
    managers = {user: manager for user, manager, _ in edges(tenant, 3, "user")}
    assert {id_: row["manager_id"] for id_, row in rows.items() if "manager_id" in row} == managers
    for id_, body in tenant.db.execute("SELECT id, body FROM objects WHERE type = 'user' AND deleted IS NULL"):
        said = json.loads(body)
        assert rows[id_]["user_principal_name"] == said["userPrincipalName"]
        assert rows[id_]["enabled"] == said["accountEnabled"]
        assert rows[id_].get("department") == said.get("department")
        assert rows[id_].get("on_premises_sync_enabled") == said.get("onPremisesSyncEnabled")
        assert rows[id_].get("created_at") == said.get("createdDateTime")


def test_licenses_of_accounts_name_the_group_that_they_come_through(engine, tenant):
    expected = Counter(
        tenant.db.execute(
            "SELECT u.id, l.sku_id, g.id, l.state FROM user_licenses l JOIN objects u ON u.key = l.user_key"
            " LEFT JOIN objects g ON g.key = l.by_group WHERE u.deleted IS NULL"
        )
    )
    found = Counter(
        (row["account_id"], row["sku_id"], row.get("assigned_by_group"), row["state"])
        for row in engine.read("accounts").rows("license_states")
    )
    assert found == expected
    assert any(group for _, _, group, _ in expected)


def test_groups_and_the_licenses_that_they_hand_out(engine, tenant):
    reading = engine.read("groups")
    assert {row["id"] for row in reading.rows("groups")} == ids(tenant, "group")
    expected = set(
        tenant.db.execute(
            "SELECT g.id, l.sku_id FROM group_licenses l JOIN objects g ON g.key = l.group_key WHERE g.deleted IS NULL"
        )
    )
    assert {(row["group_id"], row["sku_id"]) for row in reading.rows("group_licenses")} == expected
    assert {row["group_type"] for row in reading.rows("groups")} >= {"microsoft_365", "security"}


def test_memberships_and_ownerships(engine, tenant):
    reading = engine.read("groups", "memberships")
    assert current(reading) == expected_memberships(tenant)
    assert {kind for _, _, kind, _ in current(reading)} >= {"account", "group", "service_principal"}


def test_groups_that_are_larger_than_a_page_come_complete(engine_for, tenant):
    reading = engine_for(Variants(delta_page_size=3, delta_slice_size=7)).read("groups", "memberships")
    assert current(reading) == expected_memberships(tenant)
    assert reading.pages["memberships"] > 1


def test_soft_deleted_groups_in_the_first_round_do_no_harm(engine_for, tenant):
    reading = engine_for(Variants(delta_initial_removed=True)).read("groups", "memberships")
    assert current(reading) == expected_memberships(tenant)


def test_skipping_groups_from_active_directory_spares_reading_them(engine, tenant):
    reading = engine.read("groups", "memberships", SKIP_AD_GROUPS="true")
    synced = {row["id"] for row in reading.rows("groups") if row.get("on_premises_sync_enabled")}
    assert synced
    assert current(reading) == {one for one in expected_memberships(tenant) if one[1] not in synced}


def test_service_principals_in_groups_are_found_from_their_own_side_where_delta_leaves_them_out(engine_for, tenant):
    kinds = ("groups", "memberships", "enterprise_applications", "service_principal_memberships")
    reading = engine_for(Variants(delta_includes_service_principals=False)).read(*kinds)
    assert current(reading) == expected_memberships(tenant)
    assert any(one[0] == "owner" and one[2] == "service_principal" for one in current(reading))
    assert reading.notes["service_principal_memberships"]["found"] > 0


def test_service_principals_are_not_asked_where_delta_names_them(engine):
    reading = engine.read("groups", "memberships", "enterprise_applications", "service_principal_memberships")
    assert "service_principal_memberships" not in reading.notes


def test_enterprise_applications_with_roles_and_every_owner(engine, tenant):
    reading = engine.read("enterprise_applications")
    assert {row["id"] for row in reading.rows("enterprise_applications")} == ids(tenant, "servicePrincipal")
    owners = Counter(
        (row["application_id"], row["principal_kind"], row["principal_id"])
        for row in reading.rows("application_owners")
    )
    assert owners == Counter(related(tenant, 2, "servicePrincipal"))
    assert max(Counter(application for application, _, _ in owners).values()) > 20
    roles = Counter((row["application_id"], row["role_id"]) for row in reading.rows("app_roles"))
    bodies = tenant.db.execute("SELECT id, body FROM objects WHERE type = 'servicePrincipal' AND deleted IS NULL")
    assert roles == Counter((id_, role["id"]) for id_, body in bodies for role in json.loads(body).get("appRoles", []))
    first_party = [row for row in reading.rows("enterprise_applications") if row["is_microsoft_first_party"]]
    assert first_party
    assert {row["app_owner_organization_id"] for row in first_party} == {MICROSOFT_TENANT}
    assert any(row["is_managed_identity"] for row in reading.rows("enterprise_applications"))


def test_assignments_on_every_application(engine, tenant):
    reading = engine.read("enterprise_applications", "application_grants")
    expected = Counter(
        tenant.db.execute(
            "SELECT a.id, r.id, a.app_role_id, p.id FROM app_role_assignments a JOIN objects r ON r.key = a.resource"
            " JOIN objects p ON p.key = a.principal WHERE r.deleted IS NULL AND p.deleted IS NULL"
        )
    )
    found = Counter(
        (row["id"], row["application_id"], row["role_id"], row["principal_id"])
        for row in reading.rows("app_role_assignments")
    )
    assert found == expected
    kinds = {row["principal_kind"] for row in reading.rows("app_role_assignments")}
    assert kinds == {"account", "group", "service_principal"}


def test_provisioning_is_asked_of_candidates_only_and_found(engine, tenant):
    reading = engine.read("enterprise_applications", "provisioning_jobs")
    expected = set(
        tenant.db.execute(
            "SELECT s.id, j.id FROM synchronization_jobs j JOIN objects s ON s.key = j.service_principal"
            " WHERE s.deleted IS NULL"
        )
    )
    assert {(row["application_id"], row["job_id"]) for row in reading.rows("provisioning_jobs")} == expected
    assert 0 < reading.notes["provisioning_jobs"]["asked"] < len(reading.rows("enterprise_applications"))


def role_rows(reading: Reading) -> Counter[Any]:
    return Counter(
        (row["id"], row["role_id"], row["principal_id"], row["scope"]) for row in reading.rows("role_assignments")
    )


def test_roles_and_assignments(engine, tenant):
    reading = engine.read("directory_roles", "role_assignments")
    definitions = {id_ for (id_,) in tenant.db.execute("SELECT id FROM role_definitions")}
    assert {row["id"] for row in reading.rows("directory_roles")} == definitions
    expected = tenant.db.execute(f"SELECT id, role_id, principal_id, scope FROM role_assignments WHERE {LIVING}")
    assert role_rows(reading) == Counter(expected)
    assert "listed_by_role" not in reading.notes["role_assignments"]


@pytest.mark.parametrize("resuming", [False, True])
def test_assignments_are_the_same_where_graph_insists_on_a_filter(engine, engine_for, resuming):
    filtered = engine_for(Variants(role_assignments_require_filter=True)).read("role_assignments", resuming=resuming)
    assert role_rows(filtered) == role_rows(engine.read("role_assignments"))
    assert filtered.notes["role_assignments"]["listed_by_role"] == 1


def test_eligible_and_timed_assignments(engine, tenant):
    reading = engine.read("role_schedules")
    eligible = tenant.db.execute(
        "SELECT role_id, principal_id, scope, starts_at, ends_at FROM role_schedules"
        f" WHERE kind = 'eligibility' AND {LIVING}"
    )
    found = {
        (row["role_id"], row["principal_id"], row["scope"], row.get("starts_at"), row.get("ends_at"))
        for row in reading.rows("role_eligibility_instances")
        if row["member_type"] != "Group"
    }
    assert found == set(eligible)
    origins = {row["origin_id"] for row in reading.rows("role_assignment_instances") if "origin_id" in row}
    assert origins == {id_ for (id_,) in tenant.db.execute(f"SELECT id FROM role_assignments WHERE {LIVING}")}


def test_without_the_license_there_are_no_schedules_and_that_is_complete(engine_for):
    engine = engine_for()
    engine.emulator.fail(Fault(path="roleAssignmentScheduleInstances", status=400, code="AadPremiumLicenseRequired"))
    engine.emulator.fail(Fault(path="roleAssignmentScheduleInstances", status=403, code="AadPremiumLicenseRequired"))
    for _ in range(2):
        reading = engine.read("role_schedules")
        assert reading.parts == {}
        assert reading.notes["role_schedules"] == {"not_licensed": 1}


def test_scopes_are_named(engine, tenant):
    reading = engine.read("role_assignments", "role_schedules", "administrative_unit_scopes", "application_scopes")
    named = {row["id"]: row["kind"] for row in reading.rows("scopes")}
    assert {f"/administrativeUnits/{id_}" for id_ in ids(tenant, "administrativeUnit")} <= set(named)
    assert {f"/{id_}" for id_ in ids(tenant, "application")} <= set(named)
    assert all(row["name"] for row in reading.rows("scopes"))


def test_scopes_are_not_asked_for_where_no_role_is_limited():
    limited = {"role_assignments": {"administrative_unit_scopes_seen": 0, "object_scopes_seen": 0}}
    wanted = [reader for reader in READERS if reader.name.endswith("_scopes")]
    settings = Settings.__new__(Settings)
    assert [reader.wanted(settings, limited) for reader in wanted] == [False, False]


def test_licenses(engine, tenant):
    rows = {row["id"]: row for row in engine.read("licenses").rows("licenses")}
    assert set(rows) == {id_ for (id_,) in tenant.db.execute("SELECT sku_id FROM subscribed_skus")}
    for row in rows.values():
        assert row["sku_part_number"]
        assert row["enabled_units"] >= 0
        assert all(plan["id"] and plan["name"] for plan in row["service_plans"])


def expected_sign_ins(tenant: Tenant) -> dict[str, str | None]:
    said = tenant.db.execute(
        "SELECT o.id, s.body FROM sign_in_activity s JOIN objects o ON o.key = s.user_key WHERE o.deleted IS NULL"
    )
    return {id_: json.loads(body).get("lastSignInDateTime") for id_, body in said}


@pytest.mark.parametrize(
    "variants",
    [
        Variants(),
        Variants(sign_in_page_size=120),
        Variants(sign_in_page_size=120, sign_in_top_is_error=True),
        Variants(sign_in_page_size=120, sign_in_top_is_error=True, empty_first_page=True),
    ],
)
def test_sign_in_activity_whatever_page_size_the_service_takes(engine_for, tenant, variants):
    reading = engine_for(variants).read("sign_in_activity", **SIGN_INS)
    rows = {row["id"]: row for row in reading.rows("sign_in_activity")}
    assert set(rows) == ids(tenant, "user")
    never = {None, "0001-01-01T00:00:00Z"}
    expected = {id_: time for id_, time in expected_sign_ins(tenant).items() if time not in never}
    assert {id_: row["last_sign_in_at"] for id_, row in rows.items() if "last_sign_in_at" in row} == expected


def test_mailbox_purposes_and_accounts_without_a_mailbox(engine, tenant):
    reading = engine.read("accounts", "mailbox_purposes", **MAILBOXES)
    expected = tenant.db.execute(
        "SELECT o.id, m.purpose FROM mailboxes m JOIN objects o ON o.key = m.user_key WHERE o.deleted IS NULL"
    )
    found = {(row["id"], row["mailbox_purpose"]) for row in reading.rows("mailbox_purposes")}
    assert found == set(expected)
    assert reading.notes["mailbox_purposes"]["without_mailbox"] == len(ids(tenant, "user")) - len(found)


def test_what_settings_ask_for_is_read_only_then(engine):
    assert not {"sign_in_activity", "mailbox_purposes"} & set(engine.read("accounts").notes)
