"""Facts that the journal has touched since the sync began are as it says, whatever was listed."""

from __future__ import annotations

from typing import Any

import pytest

from connector.journal.replay import RowChange
from connector.sync.publishing.gaps import KindRead
from tests.connector.sync.publishing.test_carrying import TENANT, reading, refused
from tests.support.staged import member

KEYS = {"accounts": ("id",), "memberships": ("group_id", "relation", "principal_id"), "tombstones": ("id",)}


def is_there(table: str, **row: Any) -> RowChange:
    return RowChange(table, tuple(row[name] for name in KEYS[table]), row)


def is_gone(table: str, *key: str) -> RowChange:
    return RowChange(table, key, None)


def without(table: str, **columns: str) -> dict[str, Any]:
    rows = [row for row in TENANT[table] if any(row.get(name) != value for name, value in columns.items())]
    return {**TENANT, table: rows}


NEWCOMER = is_there("accounts", id="n", display_name="New")


def test_what_was_listed_before_it_came_is_there_and_what_was_listed_before_it_went_is_not(publish) -> None:
    first = publish(TENANT, reading())
    second = publish(TENANT, reading(), first, journal=[NEWCOMER, is_gone("memberships", "h", "member", "b")])

    assert ("n", "New") in second.facts("accounts", "id", "display_name")
    assert second.rows("grants", "id", where="id = 'group:h:member|b'") == []
    assert second.rows("accounts", "id") == [("a",), ("b",), ("n",)]


def test_a_row_that_was_listed_otherwise_is_as_the_journal_says(publish) -> None:
    first = publish(TENANT, reading())
    told = [is_there("accounts", id="a", department="Legal"), is_there("accounts", id="a", department="Law")]
    second = publish(TENANT, reading(), first, journal=told)

    assert second.rows("accounts", "department", where="id = 'a'") == [("Law",)]


@pytest.mark.parametrize("kinds", [reading(), refused("memberships", "accounts")], ids=["read", "refused"])
def test_what_is_gone_does_not_come_back_where_it_could_not_be_read_either(publish, kinds: list[KindRead]) -> None:
    first = publish(TENANT, reading())
    second = publish(
        TENANT, kinds, first, journal=[is_gone("memberships", "g", "member", "a"), is_gone("accounts", "b")]
    )

    assert ("g", "a") not in second.facts("memberships", "group_id", "principal_id")
    assert second.facts("accounts", "id") == [("a",)]


def test_delta_that_a_sync_reads_does_not_take_back_what_was_journalled(publish) -> None:
    first = publish(without("memberships", principal_id="b"), reading())
    listed = {**TENANT, "memberships": [{**member("h", "b"), "removed": True}]}
    second = publish(listed, reading(), first, journal=[is_there("memberships", **member("h", "b"))])

    assert second.facts("memberships", "group_id", "principal_id") == [("h", "b")]


def test_rows_that_name_what_is_gone_since_the_sync_began_go_though_no_round_has_seen_them(publish) -> None:
    first = publish(without("memberships", principal_id="a"), reading())
    buried = [
        is_gone("accounts", "a"),
        is_there("tombstones", id="a", kind="account", removed_at="2026-01-05T00:00:00Z"),
    ]
    second = publish(TENANT, reading(), first, journal=buried)

    assert "a" not in {principal for (principal,) in second.facts("memberships", "principal_id")}
    assert second.facts("sign_in_activity", "id") == []
    assert second.facts("tombstones", "id") == [("a",)]
    assert second.rows("groups", "user_members", where="id = 'g'") == [(0,)]


def test_tombstones_of_before_the_sync_are_not_needed_any_more(publish) -> None:
    first = publish(TENANT, reading())
    buried = [is_there("tombstones", id="a", kind="account", removed_at="2026-01-05T00:00:00Z")]
    second = publish(TENANT, reading(), first, journal=buried, touched=[])

    assert second.facts("tombstones", "id") == []
    assert second.rows("accounts", "id") == [("a",), ("b",)]


def test_what_nobody_asks_for_any_more_does_not_come_back(publish) -> None:
    first = publish(TENANT, reading())
    kinds = [KindRead(one.name, one.tables, one.parent, skipped="mailbox_purposes" in one.tables) for one in reading()]
    told = [RowChange("mailbox_purposes", ("b",), {"id": "b", "mailbox_purpose": "room"})]
    second = publish({**TENANT, "mailbox_purposes": []}, kinds, first, journal=told)

    assert second.facts("mailbox_purposes", "id") == []


def test_a_role_that_is_limited_to_what_is_gone_stays_as_long_as_graph_lists_it(publish) -> None:
    first = publish(TENANT, reading())
    assigned = [{"id": one, "role_id": "r", "principal_id": "a", "scope": f"/{one}"} for one in ("app", "other")]
    buried = [is_there("tombstones", id="app", kind="service_principal", removed_at="2026-01-05T00:00:00Z")]
    second = publish({**TENANT, "role_assignments": assigned}, reading(), first, journal=buried)

    assert second.facts("role_assignments", "id") == [("app",), ("other",)]
