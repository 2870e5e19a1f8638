"""Decisions, for what Graph may list and the emulator does not: secrets that are not shown, twins, what cannot be understood."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.storage.subscriptions import Intent, Subscription, Subscriptions, digest
from connector.subscriptions.listing import Listed
from connector.subscriptions.planning import LIST_LAG, plan
from connector.subscriptions.service import is_due
from connector.subscriptions.wanted import CHANGES_PATH, LIFECYCLE_PATH, RESOURCES, same_address, wanted_at

NOW = datetime(2026, 11, 23, tzinfo=UTC)
HERE, THERE, CLIENT = "https://here.example", "https://there.example", "11111111-2222-3333-4444-555555555555"


def known(identity="a", resource="users", url=HERE, made=timedelta(days=1)):
    return Subscription(
        id=identity,
        resource=resource,
        notification_url=url + CHANGES_PATH,
        lifecycle_url=url + LIFECYCLE_PATH,
        client_state_sha256=digest("s"),
        made_at=NOW - made,
        expires_at=NOW + timedelta(days=28),
        renew_at=NOW + timedelta(days=3),
    )


def listed(identity="a", resource="users", url=HERE, **more):
    plain = {
        "change_type": "updated,deleted",
        "application_id": CLIENT,
        "notification_url": url + CHANGES_PATH,
        "lifecycle_notification_url": url + LIFECYCLE_PATH,
        "expiration_date_time": NOW + timedelta(days=28),
    }
    return Listed(id=identity, resource=resource, **plain | more)


def look(*rows, state=(), intents=(), address=HERE, before=""):
    subscriptions = Subscriptions(address=before, subscriptions=tuple(state), intents=tuple(intents))
    return plan(rows, subscriptions, wanted_at(address), client_id=CLIENT, now=NOW)


def missing(found):
    return [want.resource for want in found.missing]


@pytest.mark.parametrize(
    "difference",
    [
        {"client_state": None},
        {"client_state": "s"},
        {"resource": "/users"},
        {"resource": "Users"},
        {"change_type": "deleted, Updated"},
        {"notification_url": f"https://HERE.example:443{CHANGES_PATH}"},
        {"notification_url": ""},
        {"lifecycle_notification_url": None},
        {"expiration_date_time": None},
        {"application_id": None},
        {"application_id": CLIENT.upper()},
    ],
    ids=str,
)
def test_what_graph_shows_in_other_words_or_not_at_all_is_kept(difference):
    found = look(listed(**difference), state=[known()])
    assert (list(found.kept), found.surplus, found.gone) == (["users"], [], [])


@pytest.mark.parametrize(
    "difference",
    [
        {"client_state": "another"},
        {"change_type": "updated"},
        {"resource": "groups"},
        {"notification_url": THERE},
        {"expiration_date_time": NOW - timedelta(seconds=1)},
    ],
    ids=str,
)
def test_what_does_not_deliver_what_is_wanted_is_replaced(difference):
    found = look(listed(**difference), state=[known()])
    assert (found.kept, [one.id for one in found.surplus], missing(found)) == ({}, ["a"], ["users", "groups"])


def test_one_at_our_address_whose_secret_is_neither_known_nor_shown_is_replaced():
    found = look(listed("b"))
    assert ([one.id for one in found.surplus], found.adopted) == (["b"], [])


def test_one_at_the_address_before_is_ours_though_storage_has_forgotten_it():
    found = look(listed("b", url=THERE), before=THERE)
    assert [one.id for one in found.surplus] == ["b"]


def test_one_that_an_intent_explains_is_adopted():
    url = wanted_at(HERE)[0]
    intent = Intent(
        resource="users",
        notification_url=url.notification_url,
        lifecycle_url=url.lifecycle_url,
        client_state_sha256=digest("s"),
        asked_at=NOW,
    )
    found = look(listed("b", client_state="s"), listed("c", client_state="t"), intents=[intent])
    assert ([one.id for one in found.adopted], list(found.kept), [one.id for one in found.surplus]) == (
        ["b"],
        ["users"],
        ["c"],
    )


def test_of_twins_one_stays():
    found = look(listed("a"), listed("b"), state=[known("a"), known("b")])
    assert (found.kept["users"][0].id, [one.id for one in found.surplus]) == ("b", ["a"])


def test_another_application_is_nobodys_business_even_at_our_address():
    found = look(listed("b", application_id="99999999-2222-3333-4444-555555555555"))
    assert (found.surplus, found.foreign) == ([], [])


@pytest.mark.parametrize(("made", "gone"), [(LIST_LAG / 2, False), (LIST_LAG * 2, True)])
def test_a_list_may_lag_behind_for_a_moment(made, gone):
    found = look(state=[known(made=made)])
    assert (found.gone == ["a"], "users" in missing(found)) == (gone, gone)


@pytest.mark.parametrize(
    ("days", "difference", "removed"),
    [
        (13.9, {}, True),
        (14.1, {}, False),
        (1, {"resource": "groups/x/members"}, False),
        (1, {"lifecycle_notification_url": None}, False),
        (1, {"lifecycle_notification_url": THERE}, False),
        (1, {"notification_url": "https://[broken" + CHANGES_PATH}, False),
        (None, {}, False),
    ],
    ids=str,
)
def test_only_what_nobody_renews_is_taken_for_left_behind(days, difference, removed):
    ends = NOW + timedelta(days=days) if days is not None else None
    found = look(listed("b", url=THERE, expiration_date_time=ends, **difference))
    assert bool(found.surplus) == removed


@dataclass
class Case:
    rows: list[Listed]
    state: list[Subscription]


URLS = st.sampled_from([HERE, THERE, "https://third.example/x"])
IDS = st.sampled_from("abcdef")
CASES = st.builds(
    Case,
    st.lists(
        st.builds(
            listed,
            IDS,
            st.sampled_from([*RESOURCES, "/users", "me/messages"]),
            URLS,
            client_state=st.sampled_from([None, "s", "other"]),
            application_id=st.sampled_from([None, CLIENT, "other"]),
            expiration_date_time=st.sampled_from([None, NOW - timedelta(days=1), NOW + timedelta(days=20)]),
        ),
        max_size=6,
        unique_by=lambda one: one.id,
    ),
    st.lists(st.builds(known, IDS, st.sampled_from(RESOURCES), URLS), max_size=4, unique_by=lambda one: one.id),
)


@given(CASES, st.sampled_from(["", HERE, THERE]))
def test_whatever_is_listed_nobody_elses_is_removed_and_one_of_each_is_kept(case, address):
    found = look(*case.rows, state=case.state, address=address)

    ours = {one.id for one in case.state}
    removed = {one.id for one in found.surplus}
    kept = {subscription.id for subscription, _ in found.kept.values()}
    assert len(kept) == len(found.kept)
    assert not removed & kept
    assert not removed & {one.id for one in found.foreign}
    assert set(missing(found)) == {want.resource for want in wanted_at(address)} - set(found.kept)
    for one in found.surplus:
        assert one.application_id in (None, CLIENT)
        here = bool(address) and same_address(one.notification_url, address + CHANGES_PATH)
        assert one.id in ours or here or (one.expires_at is not None and one.expires_at < NOW + timedelta(days=14))
    assert not set(found.gone) & {one.id for one in case.rows}


@pytest.mark.parametrize(
    ("state", "address", "due"),
    [
        (None, "", False),
        (None, HERE, True),
        (Subscriptions(), HERE, True),
        (Subscriptions(address=HERE), THERE, True),
        (Subscriptions(address=HERE), "", True),
        (Subscriptions(), "", False),
        (Subscriptions(subscriptions=(known(),)), "", True),
        (Subscriptions(address=HERE), HERE, True),
        (Subscriptions(address=HERE, due_at=NOW), HERE, True),
        (Subscriptions(address=HERE, due_at=NOW + timedelta(seconds=1)), HERE, False),
    ],
)
def test_the_timer_knows_when_it_is_time(state, address, due):
    assert is_due(state, address, NOW) == due
