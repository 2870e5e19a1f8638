"""What appears in delta without having been known: created, or back; and what Graph does not tell of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from connector.access.applications import ApplicationOwnerRow
from connector.access.groups import MembershipRow
from connector.graph.errors import RequestRefused
from connector.incremental.tracking import newcomers
from connector.incremental.tracking.collected import Collected, merged
from connector.settings import Settings
from emulators.graph import Fault
from tests.support.picking import a_cloud_group, a_manager, a_member, a_microsoft_365_group, an_application, some
from tests.support.snapshots import environment
from tests.support.tracking import Facts, Tracker

Track = Callable[..., Tracker]
_HOUR = 3600


def entangle(tracker: Tracker, user: str) -> None:
    """Let ``user`` have a relation of every kind."""
    tenant, facts = tracker.emulator.tenant, tracker.facts
    group = tenant.create_group("Owned")
    tenant.add_owner(group, user)
    tenant.add_member(group, user)
    tenant.add_owner(an_application(facts), user, as_system=True)
    tenant.assign_app_role(user, tenant.create_service_principal("Open to all"))
    tenant.set_manager(tenant.create_user("Report"), user)
    tenant.assign_role(user, some(facts, "directory_roles", display_name="Reports Reader"))
    tenant.assign_license(user, some(facts, "licenses", sku_part_number="WINDOWS_STORE"))


def follow_everything(tracker: Tracker) -> None:
    tracker.look()
    tracker.compare("application_owners", "application_grants", "role_assignments", "licenses")
    assert tracker.untruths() == []


def test_a_user_comes_back_with_all_relations(track: Track):
    tracker = track()
    user = a_manager(tracker.facts)
    entangle(tracker, user)
    follow_everything(tracker)
    tracker.emulator.tenant.delete_user(user)
    tracker.round()
    assert tracker.untruths() == []
    tracker.emulator.tenant.restore_user(user)
    read = tracker.round()
    assert "role_assignments" in read.signals
    assert tracker.untruths() == []


def test_a_manager_comes_back_while_a_report_changes(track: Track):
    tracker = track()
    manager = a_manager(tracker.facts)
    report = next(row["id"] for row in tracker.facts.tables["accounts"].values() if row.get("manager_id") == manager)
    tracker.emulator.tenant.delete_user(manager)
    tracker.round()
    tracker.emulator.tenant.restore_user(manager)
    tracker.emulator.tenant.update_user(report, {"displayName": "Changed"})
    tracker.round()
    assert tracker.untruths("accounts") == []


def test_what_delta_states_wins_over_what_was_read_beside_it():
    def owner(kind: str) -> ApplicationOwnerRow:
        return ApplicationOwnerRow(application_id="a", principal_kind=kind, principal_id="p")

    stated, beside = Collected(), Collected()
    stated.state("application_owners", owner("account"))
    stated.end("memberships", "g", "member", "p")
    beside.add_beside("application_owners", [owner("other")])
    beside.add_beside(
        "memberships",
        [MembershipRow(group_id="g", relation="member", principal_kind="account", principal_id="p", ordinal=0)],
    )
    for parts in ([stated, beside], [beside, stated]):
        reading = merged(parts, Facts(), Settings.load(environment("unused")))
        assert [row["principal_kind"] for row in reading.rows["application_owners"]] == ["account"]
        assert "memberships" not in reading.rows
        assert reading.gone == {"memberships": [("g", "member", "p")]}


def test_a_user_comes_back_who_was_deleted_before_anything_was_read(track: Track):
    tracker = track()
    tenant = tracker.emulator.tenant
    [(user, _)] = tenant.db.execute(
        "SELECT o.id, count(*) FROM objects o JOIN edges e ON e.target = o.key AND e.rel = 1"
        " WHERE o.type = 'user' AND o.deleted = 'changed' GROUP BY 1 LIMIT 1"
    ).fetchall()
    tenant.restore_user(user)
    tracker.round()
    assert tracker.facts.rows("memberships", "principal_id", [user])
    assert tracker.untruths() == []


def test_a_group_comes_back_with_members_and_assignments(track: Track):
    tracker = track()
    tenant, group = tracker.emulator.tenant, a_microsoft_365_group(tracker.facts)
    tenant.assign_app_role(group, tenant.create_service_principal("Open to all"))
    follow_everything(tracker)
    tenant.delete_group(group)
    tracker.round()
    assert not tracker.facts.rows("memberships", "group_id", [group])
    tenant.restore_group(group)
    tracker.round()
    assert tracker.facts.rows("memberships", "group_id", [group])
    assert tracker.untruths() == []


def test_an_application_comes_back_with_owners_assignments_and_memberships(track: Track):
    tracker = track()
    tenant, application = tracker.emulator.tenant, an_application(tracker.facts)
    tenant.add_owner(application, tenant.create_user("Owner"), as_system=True)
    tenant.add_member(tenant.create_group("Robots"), application)
    follow_everything(tracker)
    tenant.delete_service_principal(application)
    tracker.round()
    assert tracker.untruths() == []
    tenant.restore_service_principal(application)
    tracker.round()
    assert tracker.facts.rows("application_owners", "application_id", [application])
    assert tracker.untruths() == []


def test_who_is_created_while_relations_are_tracked_costs_no_request(track: Track):
    tracker = track()
    tracker.look()
    tracker.emulator.clock.advance(_HOUR)
    tenant, group = tracker.emulator.tenant, a_cloud_group(tracker.facts)
    for number in range(30):
        tenant.add_member(group, tenant.create_user(f"New {number}", properties=_created_now(tracker)))
    before = tracker.stats.requests
    tracker.look()
    assert tracker.stats.requests - before == len(tracker.cursors) + 1  # of assignments and users there are two pages
    assert tracker.untruths("accounts", "memberships", "license_states") == []


def test_a_creation_in_the_future_of_graphs_clock_proves_nothing(track: Track):
    tracker = track()
    tracker.look()
    tracker.emulator.clock.advance(_HOUR)
    created = _created_now(tracker)
    tracker.emulator.clock.rewind()
    user = tracker.emulator.tenant.create_user("Clock", properties=created)
    tracker.emulator.fail(Fault(path=f"users/{user}/memberOf", status=400, code="BadRequest"))
    assert "users" in tracker.look().failed


def test_who_was_created_so_and_was_removed_since_is_asked_all_the_same(track: Track):
    tracker = track()
    tracker.look()
    tracker.emulator.clock.advance(_HOUR)
    tenant, group = tracker.emulator.tenant, a_cloud_group(tracker.facts)
    user = tenant.create_user("Back and forth", properties=_created_now(tracker))
    tenant.add_member(group, user)
    tracker.look()
    tenant.delete_user(user)
    tracker.look()
    tenant.restore_user(user)
    tracker.round()
    assert tracker.facts.rows("memberships", "principal_id", [user])
    assert tracker.untruths() == []


def test_users_are_read_again_where_relations_of_one_cannot_be_read(track: Track):
    tracker = track()
    tenant, user = tracker.emulator.tenant, a_member(tracker.facts, a_cloud_group(tracker.facts))
    tenant.delete_user(user)
    tracker.round()
    tenant.restore_user(user)
    tenant.create_group("Meanwhile")
    before = tracker.cursors["users"]
    tracker.emulator.fail(Fault(path="users/.*/memberOf", status=404, code="Request_ResourceNotFound"))
    read = tracker.look()
    assert set(read.failed) == {"users"}
    assert "users" not in read.cursors
    assert tracker.cursors["users"] == before
    assert "accounts" not in read.reading.rows
    assert read.reading.rows["groups"]
    tracker.round()
    assert tracker.untruths() == []


def test_a_missing_permission_for_assignments_is_made_up_for_by_comparing(track: Track):
    tracker = track()
    tenant = tracker.emulator.tenant
    user = tenant.create_user("Assigned")
    tenant.assign_app_role(user, tenant.create_service_principal("Open to all"))
    del tracker.cursors["appRoleAssignments"]
    follow_everything(tracker)
    tenant.delete_user(user)
    tracker.round()
    tenant.restore_user(user)
    tracker.emulator.fail(
        Fault(path="users/.*/appRoleAssignments", times=9, status=403, code="Authorization_RequestDenied")
    )
    read = tracker.round()
    assert "application_grants" in read.signals
    assert not read.failed
    assert tracker.untruths() == []


def test_jobs_that_may_not_be_read_of_a_new_application_are_noted_as_unread(track: Track):
    tracker = track()
    tags = {"tags": ["WindowsAzureActiveDirectoryIntegratedApp"]}
    application = tracker.emulator.tenant.create_service_principal("Provisioned", properties=tags)
    tracker.emulator.fail(Fault(path="synchronization", times=9, status=403, code="Authorization_RequestDenied"))
    read = tracker.look()
    assert not read.failed
    assert read.reading.rows["unread_jobs"] == [{"application_id": application}]


def test_more_newcomers_than_can_be_asked_are_left_to_a_full_sync(track: Track, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(newcomers, "MOST", 2)
    tracker = track()
    for number in range(3):
        tracker.emulator.tenant.create_user(f"New {number}")
    read = tracker.look()
    assert set(read.lost) == {"users"}
    assert "3 users" in read.lost["users"]
    assert "users" not in read.cursors


def test_a_refusal_of_a_relation_is_no_lost_cursor(track: Track):
    tracker = track()
    tracker.emulator.tenant.create_user("Nora")
    tracker.emulator.fail(Fault(path="users/.*/memberOf", status=400, times=9, code="BadRequest"))
    failure = tracker.look().failed["users"]
    assert isinstance(failure, RequestRefused)


def _created_now(tracker: Tracker) -> dict[str, str]:
    """Created an hour after the last round, by Graph's clock; the tenant's own stands still between changes."""
    return {"createdDateTime": datetime.fromtimestamp(tracker.emulator.clock.now(), UTC).isoformat()}
