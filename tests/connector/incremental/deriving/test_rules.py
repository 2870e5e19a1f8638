"""What follows from what is read, one rule at a time."""

from __future__ import annotations

from typing import Any

import pytest

from connector.incremental.facts import Reading, Replace

ADA, BOB = "ada", "bob"


def member(group, principal, kind="account", relation="member"):
    return {"group_id": group, "relation": relation, "principal_kind": kind, "principal_id": principal}


def assignment(number, role, principal, scope="/"):
    return {"id": number, "role_id": role, "principal_id": principal, "scope": scope}


def tenant():
    """Ada is in sales, sales is in everyone, and everyone holds a role, a license and an application."""
    return Reading(
        rows={
            "accounts": [{"id": ADA, "display_name": "Ada"}, {"id": BOB, "manager_id": ADA}],
            "groups": [{"id": "sales"}, {"id": "everyone", "is_assignable_to_role": True}],
            "memberships": [member("sales", ADA), member("everyone", "sales", "group")],
            "directory_roles": [{"id": "reader", "display_name": "Reader"}],
            "role_assignments": [assignment("1", "reader", "everyone")],
            "licenses": [{"id": "e5"}],
            "license_states": [{"account_id": ADA, "sku_id": "e5", "assigned_by_group": "sales", "state": "Active"}],
            "group_licenses": [{"group_id": "sales", "sku_id": "e5"}],
            "enterprise_applications": [{"id": "crm", "display_name": "CRM"}, {"id": "bot"}],
            "app_role_assignments": [
                {"id": "a", "application_id": "crm", "role_id": "x", "principal_kind": "group", "principal_id": "sales"}
            ],
        }
    )


@pytest.fixture
def take(follower, settings_of):
    """Take a reading; what changes of each table, by key: (before, after)."""
    follower.take(tenant(), settings_of())

    def take(reading, **environ):
        found: dict[str, dict[Any, Any]] = {}
        for change in follower.take(reading, settings_of(**environ)).changes:
            found.setdefault(change.table, {})[change.key] = (change.before, change.after)
        return found

    return take


def test_a_new_member_is_a_grant_and_inherits_what_the_groups_above_hold(take):
    changes = take(Reading(rows={"memberships": [member("sales", BOB)]}))

    assert list(changes["grants"]) == [("group:sales:member|bob",)]
    assert {key: (after["depth"], after["path"]) for key, (_, after) in changes["inherited_grants"].items()} == {
        ("directory_role:reader:assigned|everyone", BOB): (2, ["sales", "everyone"]),
        ("enterprise_application:crm:x|sales", BOB): (1, ["sales"]),
        ("group:everyone:member|sales", BOB): (1, ["sales"]),
    }
    [(before, after)] = changes["groups"].values()
    assert (before["user_members"], after["user_members"]) == (1, 2)


def test_whoever_is_removed_is_gone_everywhere(take, follower):
    changes = take(Reading(removed={"account": {ADA}}))

    assert changes["accounts"][(ADA,)][1] is None
    assert changes["accounts"][(BOB,)][1]["manager_id"] is None
    assert set(changes["grants"]) == {("group:sales:member|ada",), ("license:e5:assigned|ada|via:sales",)}
    assert len(changes["inherited_grants"]) == 3
    assert follower.facts()["tombstones"] == {
        (ADA,): {"id": ADA, "kind": "account", "removed_at": "2026-01-05T00:00:00Z"}
    }


def test_what_lags_behind_does_not_bring_the_removed_back_but_its_own_row_does(take, follower):
    take(Reading(removed={"account": {ADA}}))

    assert not take(Reading(rows={"memberships": [member("sales", ADA)]}))
    assert not take(Reading(rows={"accounts": [{"id": BOB, "manager_id": ADA}]}))

    changes = take(Reading(rows={"accounts": [{"id": ADA}], "memberships": [member("sales", ADA)]}))
    assert ("group:sales:member|ada",) in changes["grants"]
    assert follower.facts()["tombstones"] == {}


def test_a_removed_group_takes_the_licenses_that_came_through_it(take):
    changes = take(Reading(removed={"group": {"sales"}}))

    assert {key for (key,) in changes["grants"]} == {
        "group:everyone:member|sales",
        "group:sales:member|ada",
        "license:e5:assigned|ada|via:sales",
        "license:e5:assigned|sales",
        "enterprise_application:crm:x|sales",
    }
    assert all(after is None for _, after in changes["inherited_grants"].values())


def test_a_role_within_what_is_removed_stays_as_long_as_graph_lists_it(take):
    listed = [
        assignment("2", "reader", BOB, "/administrativeUnits/berlin"),
        assignment("3", "reader", BOB, "/crm"),
    ]
    take(Reading(rows={"role_assignments": listed}))

    changes = take(Reading(removed={"administrative_unit": {"berlin"}, "service_principal": {"crm"}}))
    assert not [after for key, (before, after) in changes["grants"].items() if "reader" in key[0] and after is None]

    changes = take(Reading(replaced=[Replace("role_assignments")]))
    assert {
        "directory_role:reader:assigned|bob|/administrativeUnits/berlin",
        "directory_role:reader:assigned|bob|/crm",
    } <= {key[0] for key, (_, after) in changes["grants"].items() if after is None}


def test_the_name_of_a_scope_is_the_name_in_its_grants(take):
    take(Reading(rows={"role_assignments": [assignment("2", "reader", BOB, "/administrativeUnits/berlin")]}))

    named = {"id": "/administrativeUnits/berlin", "kind": "administrative_unit", "name": "Berlin"}
    [(before, after)] = take(Reading(rows={"scopes": [named]}))["grants"].values()
    assert (before["scope_name"], after["scope_name"]) == (None, "Berlin")


def test_a_time_bound_assignment_is_told_by_its_instance(take):
    instance = {**assignment("i", "reader", "everyone"), "origin_id": "1", "ends_at": "2026-02-01T00:00:00+01:00"}
    [(before, after)] = take(Reading(rows={"role_assignment_instances": [instance]}))["grants"].values()

    assert (before["source"], before["ends_at"]) == ("direct", None)
    assert (after["source"], after["ends_at"]) == ("pim", "2026-01-31T23:00:00Z")


def test_a_replacement_takes_what_was_not_read_again_but_not_what_could_not_be_read(take):
    take(Reading(rows={"memberships": [member("sales", BOB), member("sales", BOB, relation="owner")]}))
    replaced = Replace("memberships", "group_id", "sales", but=frozenset({("relation", "owner")}))

    changes = take(Reading(rows={"memberships": [member("sales", BOB)]}, replaced=[replaced]))
    assert list(changes["grants"]) == [("group:sales:member|ada",)]


def test_a_list_that_shrinks_too_much_is_held_back_and_says_so(follower, settings_of):
    rows = [assignment(str(number), "reader", f"user-{number}") for number in range(10)]
    users = [{"id": f"user-{number}"} for number in range(10)]
    start = Reading({"role_assignments": rows, "accounts": [*users], "directory_roles": [{"id": "reader"}]})
    follower.take(start, settings_of())
    partial = Reading(rows={"role_assignments": rows[:3]}, replaced=[Replace("role_assignments", limited=True)])

    derived = follower.take(partial, settings_of())
    assert [(one.table, one.was, one.now) for one in derived.held_back] == [("role_assignments", 10, 3)]
    assert not derived
    assert len(follower.facts()["role_assignments"]) == 10


def test_rows_whose_principal_is_gone_tell_nothing_of_a_partial_answer(follower, settings_of):
    rows = [assignment(str(number), "reader", f"user-{number}") for number in range(10)]
    users = [{"id": f"user-{number}"} for number in range(10)]
    start = Reading({"role_assignments": rows, "accounts": [*users], "directory_roles": [{"id": "reader"}]})
    follower.take(start, settings_of())
    follower.take(Reading(gone={"accounts": [(f"user-{number}",) for number in range(3, 10)]}), settings_of())
    rest = Reading(rows={"role_assignments": rows[:3]}, replaced=[Replace("role_assignments", limited=True)])

    assert follower.take(rest, settings_of()).held_back == ()
    assert len(follower.facts()["role_assignments"]) == 3


def test_a_group_that_becomes_synced_is_left_out_where_ad_groups_are(take):
    synced = Reading(rows={"groups": [{"id": "sales", "on_premises_sync_enabled": True}]})
    changes = take(synced, SKIP_AD_GROUPS="true")

    assert changes["groups"][("sales",)][1] is None
    assert changes["grants"][("group:everyone:member|sales",)][1] is None
    assert changes["entitlements"][("group:sales:member",)][1] is None


def test_an_application_that_gets_its_first_holding_appears_where_unassigned_ones_are_left_out(follower, settings_of):
    skipping = settings_of(SKIP_UNASSIGNED_APPS="true")
    follower.take(tenant(), skipping)

    derived = follower.take(Reading(rows={"memberships": [member("sales", "bot", "service_principal")]}), skipping)
    assert ("enterprise_applications", ("bot",)) in [(change.table, change.key) for change in derived.changes]


def test_changes_and_facts_come_in_order_whatever_the_order_of_reading(follower, settings_of):
    reading = tenant()
    for rows in reading.rows.values():
        rows.reverse()
    derived = follower.take(reading, settings_of())

    assert [(one.table, one.key) for one in derived.changes if one.table == "grants"] == sorted(
        (one.table, one.key) for one in derived.changes if one.table == "grants"
    )
    assert list(derived.changes[0].after)[:3] == ["id", "user_principal_name", "display_name"]


def test_an_empty_replica_is_no_state_to_derive_from(follower, settings_of):
    follower.replica.clear()

    with pytest.raises(ValueError, match="empty replica"):
        follower.take(Reading(removed={"account": {ADA}}), settings_of())


def test_where_pim_cannot_be_asked_what_it_said_of_an_assignment_ends_with_it(take, follower):
    def instance(number, origin, principal):
        return {"id": number, "origin_id": origin, "role_id": "reader", "principal_id": principal, "scope": "/"}

    told = [instance("i2", "2", ADA), instance("i3", None, BOB), instance("i4", "elsewhere", "bot")]
    assigned = [assignment(number, "reader", one) for number, one in (("1", "everyone"), ("2", ADA), ("3", BOB))]
    take(Reading(rows={"role_assignments": assigned, "role_assignment_instances": told}))

    changes = take(Reading(rows={"role_assignments": assigned[:1]}, replaced=[Replace("role_assignments")]))

    assert set(changes["grants"]) == {(f"directory_role:reader:assigned|{one}",) for one in (ADA, BOB)}
    assert list(follower.facts()["role_assignment_instances"]) == [("i4",)]


def test_a_list_may_spare_any_number_of_rows(take, follower):
    take(Reading(rows={"role_assignments": [assignment("2", "reader", ADA), assignment("3", "reader", BOB, None)]}))
    but = frozenset({("id", "2"), ("scope", "elsewhere"), *(("id", f"new {number}") for number in range(20_000))})

    take(Reading(replaced=[Replace("role_assignments", but=but)]))
    assert list(follower.facts()["role_assignments"]) == [("2",)]


def test_a_list_that_is_replaced_may_change_what_is_inherited(take):
    """What replacing asks for and what inheriting asks for lie in one database, under names of their own."""
    listed = [member("everyone", "sales", "group"), member("sales", BOB)]
    reading = Reading(
        rows={"memberships": listed},
        replaced=[Replace("memberships", "group_id", one) for one in ("sales", "everyone")]
        + [Replace("role_assignments")],
    )
    changes = take(reading)

    assert {key: (before is None, after is None) for key, (before, after) in changes["inherited_grants"].items()} == {
        ("directory_role:reader:assigned|everyone", "sales"): (False, True),
        ("directory_role:reader:assigned|everyone", ADA): (False, True),
        ("enterprise_application:crm:x|sales", ADA): (False, True),
        ("enterprise_application:crm:x|sales", BOB): (True, False),
        ("group:everyone:member|sales", ADA): (False, True),
        ("group:everyone:member|sales", BOB): (True, False),
    }
