"""The life of users and groups: created, changed, deleted, restored, gone."""

from __future__ import annotations

from typing import Any

import pytest

from emulators.graph.tenant.errors import AlreadyExists, NotAllowed, NotFound, Reason
from emulators.graph.tenant.tenant import Tenant


def stored(tenant: Tenant, object_id: str) -> Any:
    return tenant.db.execute("SELECT deleted, deleted_at FROM objects WHERE id = ?", (object_id,)).fetchone()


def count(tenant: Tenant, table: str) -> int:
    return int(tenant.db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])


def test_a_new_user_is_an_enabled_member(tenant, properties_changed):
    user = tenant.create_user("Adele Vance", properties={"jobTitle": "Analyst"})

    body = tenant.find(user, "user").body
    assert body["userPrincipalName"] == "adele.vance@contoso.onmicrosoft.com"
    assert (body["userType"], body["accountEnabled"], body["jobTitle"]) == ("Member", True, "Analyst")
    assert properties_changed(user) == {"*"}


def test_a_sign_in_name_is_taken_once(tenant):
    tenant.create_user("Adele", user_principal_name="a@contoso.example")

    with pytest.raises(AlreadyExists):
        tenant.create_user("Another", user_principal_name="A@contoso.example")


def test_only_properties_that_differ_are_recorded(tenant, properties_changed):
    user = tenant.create_user("Adele")
    before = tenant.seq

    tenant.update_user(user, {"displayName": "Adele", "jobTitle": "Director"})
    tenant.update_user(user, {"jobTitle": "Director"})

    assert properties_changed(user) == {"*", "jobTitle"}
    assert tenant.seq == before + 1


def test_clearing_a_property_is_a_change_even_if_it_was_never_set(tenant, properties_changed):
    user = tenant.create_user("Adele")

    tenant.update_user(user, {"jobTitle": None})

    assert "jobTitle" in properties_changed(user)


def test_a_deleted_user_keeps_what_is_stored_and_can_be_restored(tenant, edges_changed):
    user, group = tenant.create_user("Adele"), tenant.create_group("Sales")
    tenant.add_member(group, user)

    tenant.delete_user(user)

    assert stored(tenant, user)[0] == "changed"
    assert count(tenant, "edges") == 1
    assert [change[3] for change in edges_changed()] == ["add"]
    with pytest.raises(NotFound):
        tenant.find(user)

    tenant.restore_user(user)

    assert stored(tenant, user) == (None, None)
    assert tenant.find(user).id == user


def test_a_user_deleted_for_good_leaves_nothing_but_a_tombstone(tenant, edges_changed):
    user, group, manager = tenant.create_user("Adele"), tenant.create_group("Sales"), tenant.create_user("Boss")
    app, sku = tenant.create_service_principal("App"), tenant.add_sku("SPE_E5", 5)
    role = tenant.create_role_definition("Support")
    tenant.add_member(group, user)
    tenant.add_owner(group, user)
    tenant.set_manager(user, manager)
    tenant.assign_app_role(user, app)
    tenant.assign_license(user, sku)
    tenant.assign_role(user, role)
    tenant.make_eligible(user, role)
    tenant.create_oauth2_grant(app, app, "User.Read", principal_id=user)
    assignments = count(tenant, "app_role_assignments")

    tenant.delete_user(user)
    tenant.purge_user(user)

    assert stored(tenant, user)[0] == "deleted"
    assert count(tenant, "edges") == 0
    assert count(tenant, "app_role_assignments") == assignments - 1
    assert [count(tenant, name) for name in ("user_licenses", "role_assignments", "role_schedules")] == [0, 0, 0]
    assert tenant.db.execute("SELECT deleted FROM oauth2_permission_grants").fetchall() == [("deleted",)]
    assert {change[4] for change in edges_changed() if change[3] == "remove"} == {"purge"}
    with pytest.raises(NotFound):
        tenant.restore_user(user)


def test_a_microsoft_365_group_is_deleted_restorably_with_its_members(tenant):
    group, user = tenant.create_group("Team", kind="microsoft_365"), tenant.create_user("Adele")
    tenant.add_member(group, user)

    tenant.delete_group(group)
    assert stored(tenant, group)[0] == "changed"

    tenant.restore_group(group)
    assert count(tenant, "edges") == 1


def test_any_other_group_is_deleted_for_good(tenant, edges_changed):
    group, user = tenant.create_group("Sales"), tenant.create_user("Adele")
    tenant.add_member(group, user)

    tenant.delete_group(group)

    assert stored(tenant, group)[0] == "deleted"
    assert edges_changed()[-1] == (1, group, user, "remove", "purge")


def test_a_licensed_group_cannot_be_deleted(tenant):
    group, sku = tenant.create_group("Licensed"), tenant.add_sku("SPE_E5", 5)
    tenant.assign_license(group, sku)

    with pytest.raises(NotAllowed) as refused:
        tenant.delete_group(group)

    assert refused.value.reason is Reason.HAS_LICENSES


def test_what_a_group_can_be(tenant):
    kinds = {
        kind: tenant.find(tenant.create_group(kind, kind=kind)).body
        for kind in ("security", "microsoft_365", "mail_enabled_security", "distribution")
    }

    assert {
        kind: (body["groupTypes"], body["mailEnabled"], body["securityEnabled"]) for kind, body in kinds.items()
    } == {
        "security": ([], False, True),
        "microsoft_365": (["Unified"], True, False),
        "mail_enabled_security": ([], True, True),
        "distribution": ([], True, False),
    }
    with pytest.raises(NotAllowed):
        tenant.create_group("What", kind="unheard-of")


def test_role_assignable_is_for_ever_and_not_for_dynamic_groups(tenant):
    group = tenant.create_group("Admins", role_assignable=True)

    with pytest.raises(NotAllowed):
        tenant.update_group(group, {"isAssignableToRole": False})
    with pytest.raises(NotAllowed):
        tenant.create_group("Rule", role_assignable=True, membership_rule="(user.department -eq 'IT')")


def test_a_verb_that_is_refused_changes_nothing(tenant):
    group, sku = tenant.create_group("Licensed"), tenant.add_sku("SPE_E5", 1)
    tenant.assign_license(group, sku)
    before = "\n".join(tenant.db.iterdump())

    with pytest.raises(NotAllowed):
        tenant.delete_group(group)
    with pytest.raises(NotFound):
        tenant.add_member(group, "00000000-0000-0000-0000-00000000dead")

    assert "\n".join(tenant.db.iterdump()) == before


def test_service_principals_come_and_go(tenant):
    app = tenant.create_service_principal("App")
    tenant.update_service_principal(app, {"accountEnabled": False})
    tenant.delete_service_principal(app)
    tenant.restore_service_principal(app)

    assert tenant.find(app).body["accountEnabled"] is False

    tenant.purge_object(app)
    assert stored(tenant, app)[0] == "deleted"


def test_time_passes_with_changes_only(tenant):
    first, again = tenant.now(), tenant.now()
    tenant.create_user("Adele")

    assert first == again
    assert tenant.now() > first


def test_sign_ins_and_mailboxes_can_be_set_and_taken_away(tenant, row):
    user = tenant.create_user("Adele")
    tenant.set_sign_in_activity(user, {"lastSignInDateTime": "2026-05-01T00:00:00Z"})
    tenant.set_mailbox(user, "shared")
    told = row("accounts", user, sign_in_activity=True, mailbox_purpose=True)
    assert (told["last_sign_in_at"].isoformat(), told["mailbox_purpose"]) == ("2026-05-01T00:00:00+00:00", "shared")

    tenant.set_sign_in_activity(user, None)
    tenant.set_mailbox(user, None)
    told = row("accounts", user, sign_in_activity=True, mailbox_purpose=True)
    assert (told["last_sign_in_at"], told["mailbox_purpose"]) == (None, None)
