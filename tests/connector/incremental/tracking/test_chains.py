"""Chains that break off, expire, contradict themselves or lead astray: what counts of them, and what is read again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from connector.graph.errors import GraphUnreachable, Throttled, UnexpectedAnswer
from connector.incremental.tracking import chains
from emulators.graph import Fault, Variants
from tests.support.haste import in_haste
from tests.support.picking import a_cloud_group, a_member, a_security_group, no_member
from tests.support.tracking import Tracker

Track = Callable[..., Tracker]
_EIGHT_DAYS = 8 * 24 * 3600


@pytest.mark.parametrize("location", [True, False])
def test_a_reset_loses_the_cursor_of_that_kind_only(track: Track, location: bool):
    tracker = track()
    tracker.emulator.tenant.create_group("Meanwhile")
    tracker.emulator.reset_delta("users", location=location)
    read = tracker.look()
    assert set(read.lost) == {"users"}
    assert "410" in read.lost["users"]
    assert set(read.cursors) == set(tracker.cursors) - {"users"}
    assert read.reading.rows["groups"]


def test_cursors_are_lost_after_seven_days(track: Track):
    tracker = track()
    tracker.emulator.clock.advance(_EIGHT_DAYS)
    read = tracker.look()
    assert set(read.lost) == set(tracker.cursors)
    assert all("syncStateNotFound" in sentence for sentence in read.lost.values())


def test_pages_that_expire_on_the_way_are_read_again_from_the_cursor(track: Track):
    tracker = track(Variants(delta_page_size=2))
    for number in range(5):
        tracker.emulator.tenant.create_user(f"New {number}")
    tracker.emulator.fail(Fault(path="users/delta.*skiptoken", skip=1, status=400, code="Directory_ExpiredPageToken"))
    assert not tracker.look().failed
    assert tracker.untruths() == []


def test_pages_that_always_expire_fail_the_kind_and_its_cursor_stays(track: Track):
    tracker = track(Variants(delta_page_size=2))
    for number in range(5):
        tracker.emulator.tenant.create_user(f"New {number}")
    before = tracker.cursors["users"]
    tracker.emulator.fail(Fault(path="users/delta.*skiptoken", times=2, status=410, code="resyncRequired"))
    read = tracker.look()
    assert isinstance(read.failed["users"], UnexpectedAnswer)
    assert not read.lost
    assert tracker.cursors["users"] == before
    assert "accounts" not in read.reading.rows
    tracker.look()
    assert tracker.untruths() == []


def test_a_reset_while_pages_are_read_loses_the_cursor(track: Track):
    tracker = track(Variants(delta_page_size=2))
    for number in range(5):
        tracker.emulator.tenant.create_user(f"New {number}")
    tracker.emulator.fail(Fault(path="users/delta", times=1, skip=1, status=410, code="resyncRequired"))
    tracker.emulator.fail(Fault(path="users/delta.*deltatoken", times=1, skip=1, status=410, code="resyncRequired"))
    assert set(tracker.look().lost) == {"users"}


def test_a_chain_that_is_too_long_to_be_held_is_left_to_a_full_sync(track: Track, monkeypatch: pytest.MonkeyPatch):
    tracker = track(Variants(delta_page_size=2))
    for number in range(5):
        tracker.emulator.tenant.create_user(f"New {number}")
    monkeypatch.setattr(chains, "MOST_ITEMS", 3)
    read = tracker.look()
    assert "more than 3 changes" in read.lost["users"]
    assert "accounts" not in read.reading.rows
    assert "groups" in read.cursors


def test_a_kind_that_has_to_wait_past_the_deadline_is_left_to_the_next_round(track: Track):
    tracker = track()
    tracker.emulator.tenant.create_user("Nora")
    tracker.emulator.tenant.create_group("Meanwhile")
    tracker.emulator.fail(Fault(path="users/delta", status=503, retry_after=600))
    read = tracker.look(deadline=time.monotonic() + 60)
    assert isinstance(read.failed["users"], Throttled)
    assert "accounts" not in read.reading.rows
    assert read.reading.rows["groups"]


ASTRAY: dict[str, Any] = {
    "another host": {"value": [], "@odata.nextLink": "https://graph.example/v1.0/users/delta?$skiptoken=x"},
    "another host at the end": {
        "value": [],
        "@odata.deltaLink": "https://graph.example/v1.0/users/delta?$deltatoken=x",
    },
    "no end": {"value": []},
    "no id": {"value": [{"displayName": "Nobody"}], "@odata.deltaLink": "here"},
    "no object": {"value": ["nothing"], "@odata.deltaLink": "here"},
    "no list": {"nothing": True},
    "a manager without an id": {"value": [{"id": "u", "manager@delta": [{}]}], "@odata.deltaLink": "here"},
    "relations that are no list": {"value": [{"id": "u", "manager@delta": "x"}], "@odata.deltaLink": "here"},
}


@pytest.mark.parametrize("astray", ASTRAY)
def test_an_answer_that_cannot_be_followed_or_understood_fails_the_kind(track: Track, astray: str):
    tracker = track()
    body = dict(ASTRAY[astray])
    if body.get("@odata.deltaLink") == "here":
        body["@odata.deltaLink"] = tracker.cursors["users"].link
    before = tracker.cursors["users"]
    tracker.emulator.fail(Fault(path="users/delta", times=5, status=200, body=body))
    with in_haste():
        read = tracker.look()
    assert isinstance(read.failed["users"], UnexpectedAnswer)
    assert tracker.cursors["users"] == before


def test_a_graph_that_cannot_be_reached_at_all_is_an_error(track: Track):
    tracker = track()
    tracker.emulator.fail(Fault(path="delta", times=99, drop="before"))
    with in_haste(), pytest.raises(GraphUnreachable):
        tracker.look()


def test_a_cut_connection_costs_nothing(track: Track):
    tracker = track()
    tracker.emulator.tenant.create_user("Nora")
    tracker.emulator.fail(Fault(path="users/delta", truncate=40))
    with in_haste():
        assert not tracker.look().failed
    assert tracker.untruths() == []


def test_what_happens_while_pages_are_read_is_found_in_the_end(track: Track):
    tracker = track(Variants(delta_page_size=1, delta_slice_size=1))
    tenant, facts = tracker.emulator.tenant, tracker.facts
    group, doomed = a_cloud_group(facts), a_security_group(facts)
    tenant.update_group(doomed, {"displayName": "Doomed"})
    tenant.update_group(group, {"displayName": "Busy"})
    joining, leaving = no_member(facts, group), a_member(facts, group)
    tenant.add_member(group, joining)
    page = "groups/delta.*skiptoken"
    tracker.emulator.fail(
        Fault(path=page, verb="remove_member", arguments={"group_id": group, "member_id": leaving}),
        Fault(path=page, skip=1, verb="remove_member", arguments={"group_id": group, "member_id": joining}),
        Fault(path=page, skip=1, verb="create_user", arguments={"display_name": "Late"}),
    )
    tracker.look()
    tracker.look()
    assert tracker.untruths() == []


@pytest.mark.parametrize("first", ["there", "removed"])
@pytest.mark.parametrize("really", ["there", "removed"])
def test_an_object_of_which_both_is_said_is_asked_itself(track: Track, first: str, really: str):
    tracker = track()
    user = a_member(tracker.facts, a_cloud_group(tracker.facts))
    if really == "removed":
        tracker.emulator.tenant.delete_user(user)
    items = [{"id": user, "displayName": "Old"}, {"id": user, "@removed": {"reason": "changed"}}]
    body = {"value": items if first == "there" else items[::-1], "@odata.deltaLink": tracker.cursors["users"].link}
    tracker.emulator.fail(Fault(path="users/delta", status=200, body=body))
    tracker.look("users")
    assert tracker.untruths("accounts", "memberships", "license_states") == []


@pytest.mark.parametrize("first", ["there", "ended"])
@pytest.mark.parametrize("really", ["there", "ended"])
def test_a_membership_of_which_both_is_said_is_asked_of_the_group(track: Track, first: str, really: str):
    tracker = track()
    group = a_cloud_group(tracker.facts)
    member = a_member(tracker.facts, group)
    if really == "ended":
        tracker.emulator.tenant.remove_member(group, member)
    row = {"@odata.type": "#microsoft.graph.user", "id": member}
    rows = [row, {**row, "@removed": {"reason": "deleted"}}]
    items = [{"id": group, "members@delta": [one]} for one in (rows if first == "there" else rows[::-1])]
    body = {"value": items, "@odata.deltaLink": tracker.cursors["groups"].link}
    tracker.emulator.fail(Fault(path="groups/delta", status=200, body=body))
    tracker.look("groups")
    assert tracker.untruths("memberships") == []


def test_a_user_with_two_managers_is_asked_which(track: Track):
    tracker = track()
    user, other, manager = [str(key[0]) for key in list(tracker.facts.tables["accounts"])[:3]]
    tracker.emulator.tenant.set_manager(user, manager)
    rows = [{"@odata.type": "#microsoft.graph.user", "id": one} for one in (manager, other)]
    items = [{"id": user, "manager@delta": [row]} for row in rows]
    body = {"value": items, "@odata.deltaLink": tracker.cursors["users"].link}
    tracker.emulator.fail(Fault(path="users/delta", status=200, body=body))
    tracker.look("users")
    assert tracker.untruths("accounts") == []
