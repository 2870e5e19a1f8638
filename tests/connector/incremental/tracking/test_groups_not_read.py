"""Groups whose members are not read: left out by SKIP_AD_GROUPS, or hidden; and what happens when that changes."""

from __future__ import annotations

from collections.abc import Callable

from connector.incremental.facts import Replace
from emulators.graph.tenant.tenant import CONNECTOR_PERMISSIONS
from tests.support.picking import a_cloud_group, a_member
from tests.support.tracking import Tracker

Track = Callable[..., Tracker]


def test_members_of_a_group_that_is_left_out_from_now_on_are_no_facts_any_more(track: Track):
    tracker = track(SKIP_AD_GROUPS="true")
    group = a_cloud_group(tracker.facts)
    tracker.emulator.tenant.update_group(group, {"onPremisesSyncEnabled": True})
    read = tracker.look()
    assert Replace("memberships", "group_id", group) in read.reading.replaced
    assert not tracker.facts.rows("memberships", "group_id", [group])
    assert tracker.untruths() == []


def test_members_of_a_group_that_is_left_out_no_longer_are_read(track: Track):
    tracker = track(SKIP_AD_GROUPS="true")
    tenant = tracker.emulator.tenant
    group = next(
        str(row["id"]) for row in tracker.facts.tables["groups"].values() if row.get("on_premises_sync_enabled")
    )
    joined = tenant.create_user("Joined")
    tenant.add_member(group, joined, as_system=True)
    tracker.round()
    assert not tracker.facts.rows("memberships", "group_id", [group])
    tenant.update_group(group, {"onPremisesSyncEnabled": False})
    tracker.round()
    assert joined in {row["principal_id"] for row in tracker.facts.rows("memberships", "group_id", [group])}
    assert tracker.untruths() == []


def test_memberships_of_who_is_back_in_groups_that_are_left_out_are_not_read_either(track: Track):
    tracker = track(SKIP_AD_GROUPS="true")
    tenant, group = tracker.emulator.tenant, a_cloud_group(tracker.facts)
    user = a_member(tracker.facts, group)
    tenant.delete_user(user)
    tracker.round()
    tenant.update_group(group, {"onPremisesSyncEnabled": True})
    tracker.round()
    tenant.restore_user(user)
    tracker.round()
    assert not tracker.facts.rows("memberships", "group_id", [group])
    assert tracker.untruths() == []


def test_members_that_are_hidden_stay_as_they_were_known(track: Track):
    tracker = track()
    tenant, group = tracker.emulator.tenant, a_cloud_group(tracker.facts)
    tenant.update_group(group, {"visibility": "HiddenMembership"})
    tracker.look()
    known = tracker.facts.rows("memberships", "group_id", [group])
    tenant.set_permissions([name for name in CONNECTOR_PERMISSIONS if name != "Member.Read.Hidden"])
    tenant.remove_member(group, a_member(tracker.facts, group))
    read = tracker.look()
    assert not read.failed
    assert tracker.facts.rows("memberships", "group_id", [group]) == known


def test_a_new_group_with_hidden_members_is_known_without_them(track: Track):
    tracker = track()
    tenant = tracker.emulator.tenant
    tenant.set_permissions([name for name in CONNECTOR_PERMISSIONS if name != "Member.Read.Hidden"])
    group = tenant.create_group("Secret", properties={"visibility": "HiddenMembership"})
    owner = tenant.create_user("Owner")
    tenant.add_member(group, tenant.create_user("Hidden"))
    tenant.add_owner(group, owner)
    assert not tracker.look().failed
    assert ("owner", owner) in {
        (row["relation"], row["principal_id"]) for row in tracker.facts.rows("memberships", "group_id", [group])
    }
    tenant.update_group(group, {"visibility": None})
    tracker.look()
    assert tracker.untruths("memberships") == []
