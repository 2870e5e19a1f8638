"""Every verb of the tenant that changes the picture, followed by a round: the facts are then those of a full reading."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connector.incremental.tracking import DELTA_KINDS
from emulators.graph import Fault
from emulators.graph.tenant.tenant import Tenant
from tests.support.picking import (
    a_cloud_group,
    a_manager,
    a_member,
    a_microsoft_365_group,
    a_security_group,
    an_application,
    no_member,
    some,
    with_a_license,
)
from tests.support.tracking import Facts, Tracker

Verb = Callable[[Tenant, Facts], object]


def _with_member_and_owner(tenant: Tenant, facts: Facts) -> None:
    group = tenant.create_group("Peopled")
    tenant.add_member(group, some(facts, "accounts"))
    tenant.add_owner(group, tenant.create_user("Olga"))


USERS: dict[str, Verb] = {
    "created": lambda tenant, _: tenant.create_user("Nora Newcomer"),
    "renamed": lambda tenant, facts: tenant.update_user(some(facts, "accounts"), {"displayName": "Renamed"}),
    "disabled, and a title cleared": lambda tenant, facts: tenant.update_user(
        some(facts, "accounts"), {"accountEnabled": False, "jobTitle": None}
    ),
    "given a manager": lambda tenant, facts: tenant.set_manager(tenant.create_user("Nils"), some(facts, "accounts")),
    "given another manager": lambda tenant, facts: tenant.set_manager(
        next(str(row["id"]) for row in facts.tables["accounts"].values() if "manager_id" in row),
        tenant.create_user("Boss"),
    ),
    "left without a manager": lambda tenant, facts: tenant.set_manager(
        next(str(row["id"]) for row in facts.tables["accounts"].values() if "manager_id" in row), None
    ),
    "given a license": lambda tenant, facts: tenant.assign_license(
        tenant.create_user("Lina"), some(facts, "licenses", capability_status="Enabled", applies_to="User")
    ),
    "left without a license": lambda tenant, facts: tenant.remove_license(*with_a_license(facts)),
    "soft-deleted": lambda tenant, facts: tenant.delete_user(a_member(facts, a_cloud_group(facts))),
    "a manager, soft-deleted": lambda tenant, facts: tenant.delete_user(a_manager(facts)),
    "deleted for good": lambda tenant, facts: tenant.purge_user(a_member(facts, a_cloud_group(facts))),
}
GROUPS: dict[str, Verb] = {
    "created": lambda tenant, _: tenant.create_group("New group"),
    "created with a member and an owner": _with_member_and_owner,
    "renamed": lambda tenant, facts: tenant.update_group(some(facts, "groups"), {"displayName": "Renamed"}),
    "joined": lambda tenant, facts: tenant.add_member(a_cloud_group(facts), no_member(facts, a_cloud_group(facts))),
    "left": lambda tenant, facts: tenant.remove_member(a_cloud_group(facts), a_member(facts, a_cloud_group(facts))),
    "nested": lambda tenant, facts: tenant.add_member(a_cloud_group(facts), tenant.create_group("Inner")),
    "joined by a service principal": lambda tenant, facts: tenant.add_member(
        a_cloud_group(facts), an_application(facts)
    ),
    "joined by a device": lambda tenant, facts: tenant.add_member(a_cloud_group(facts), tenant.create_device("PC")),
    "owned": lambda tenant, facts: tenant.add_owner(a_cloud_group(facts), tenant.create_user("Owner")),
    "given a license": lambda tenant, facts: tenant.assign_license(
        a_cloud_group(facts), some(facts, "licenses", sku_part_number="WINDOWS_STORE")
    ),
    "deleted for good": lambda tenant, facts: tenant.delete_group(a_security_group(facts)),
    "a Microsoft 365 group, deleted": lambda tenant, facts: tenant.delete_group(a_microsoft_365_group(facts)),
}


_READER = {
    "id": "3b5e1d3a-7c1e-4c59-9a36-7a3f1f5b2f10",
    "displayName": "Reader",
    "description": "Reads.",
    "value": "Reader",
    "isEnabled": True,
    "allowedMemberTypes": ["User"],
}
APPLICATIONS: dict[str, Verb] = {
    "created": lambda tenant, _: tenant.create_service_principal("New application"),
    "renamed": lambda tenant, facts: tenant.update_service_principal(an_application(facts), {"displayName": "Renamed"}),
    "declares other roles": lambda tenant, facts: tenant.update_service_principal(
        an_application(facts), {"appRoles": [_READER]}
    ),
    "assigned": lambda tenant, facts: tenant.assign_app_role(
        some(facts, "accounts"), tenant.create_service_principal("Open to all")
    ),
    "assigned to someone new": lambda tenant, _: tenant.assign_app_role(
        tenant.create_user("Assigned"), tenant.create_service_principal("Open to all")
    ),
    "left without an assignment": lambda tenant, facts: tenant.remove_app_role_assignment(
        str(next(iter(facts.tables["app_role_assignments"]))[0])
    ),
    "deleted": lambda tenant, facts: tenant.delete_service_principal(an_application(facts)),
    "deleted for good": lambda tenant, facts: tenant.purge_object(an_application(facts)),
}


@pytest.mark.parametrize(
    ("kind", "verb"),
    [
        (kind, name)
        for kind, verbs in (("user", USERS), ("group", GROUPS), ("application", APPLICATIONS))
        for name in verbs
    ],
)
def test_a_round_finds_what_happened(track: Callable[..., Tracker], kind: str, verb: str):
    tracker = track()
    verbs = {"user": USERS, "group": GROUPS, "application": APPLICATIONS}[kind]
    verbs[verb](tracker.emulator.tenant, tracker.facts)
    read = tracker.round()
    assert read.reading
    assert not read.failed
    assert not read.lost
    assert tracker.untruths() == []


def test_a_round_in_which_nothing_happened_reads_nothing(track: Callable[..., Tracker]):
    tracker = track()
    tracker.emulator.tenant.create_user("Nora Newcomer")
    tracker.round()
    again = tracker.look()
    assert set(again.rows) == set(DELTA_KINDS)
    assert not any(again.rows.values())
    assert not again.reading
    assert not again.signals


def test_only_the_kinds_that_were_asked_for_are_read(track: Callable[..., Tracker]):
    tracker = track()
    tracker.emulator.tenant.create_user("Nora Newcomer")
    tracker.emulator.tenant.create_group("New group")
    read = tracker.look("groups")
    assert set(read.cursors) == {"groups"}
    assert set(read.reading.rows) == {"groups"}


def test_what_delta_does_not_speak_of_stays_as_it_was(track: Callable[..., Tracker]):
    tracker = track()
    user = next(row for row in tracker.facts.tables["accounts"].values() if "manager_id" in row and "job_title" in row)
    answer = {
        "value": [{"id": user["id"], "displayName": "Renamed", "mail": None}],
        "@odata.deltaLink": f"{tracker.emulator.base_url}/x",
    }
    tracker.emulator.fail(Fault(path="users/delta", status=200, body=answer))
    tracker.look("users")
    known = dict(user) | {"display_name": "Renamed"}
    known.pop("mail", None)
    assert tracker.facts.tables["accounts"][(user["id"],)] == known
    assert not [line for line in tracker.untruths("license_states", "memberships") if line]
