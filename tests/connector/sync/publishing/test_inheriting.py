"""What follows from group membership when a snapshot is published: how deep, for what, and how much."""

from __future__ import annotations

from tests.support.staged import ZERO, Rows, ids, member

NESTED: Rows = {
    "groups": [{"id": "top", "is_assignable_to_role": True}, {"id": "mid"}, {"id": "low"}],
    "accounts": ids("a", "b"),
    "directory_roles": ids("r"),
    "enterprise_applications": ids("p"),
    "memberships": [
        member("top", "mid", "group"),
        member("mid", "low", "group"),
        member("low", "a"),
        member("mid", "b"),
        member("low", "top", "group"),  # a cycle
    ],
    "role_assignments": [{"id": "ra", "role_id": "r", "principal_id": "top", "scope": "/"}],
    "app_role_assignments": [
        {"id": "x", "application_id": "p", "role_id": ZERO, "principal_kind": "group", "principal_id": "mid"}
    ],
}
ROLE, APP = "directory_role:r:assigned|top", f"enterprise_application:p:{ZERO}|mid"


def test_roles_pass_down_nested_groups_and_app_roles_to_direct_members_only(build) -> None:
    snapshot = build(NESTED)

    of = "resource_kind <> 'group'"
    assert snapshot.rows("inherited_grants", "grant_id", "principal_id", "depth", "path", where=of) == [
        (ROLE, "a", 3, ["low", "mid", "top"]),
        (ROLE, "b", 2, ["mid", "top"]),
        (ROLE, "low", 2, ["mid", "top"]),
        (ROLE, "mid", 1, ["top"]),
        (APP, "b", 1, ["mid"]),
    ]


def test_a_cycle_gives_nobody_membership_of_themselves(build) -> None:
    snapshot = build(NESTED)

    of = "resource_kind = 'group'"
    assert snapshot.rows("inherited_grants", "grant_id", "principal_id", "path", where=of) == [
        ("group:low:member|top", "b", ["mid", "top"]),
        ("group:low:member|top", "mid", ["top"]),
        ("group:mid:member|low", "a", ["low"]),
        ("group:mid:member|low", "top", ["low"]),
        ("group:top:member|mid", "a", ["low", "mid"]),
        ("group:top:member|mid", "b", ["mid"]),
        ("group:top:member|mid", "low", ["mid"]),
    ]


def test_what_is_derived_can_be_limited_to_what_is_privileged(build) -> None:
    snapshot = build(NESTED, INHERITED_GRANTS="privileged")

    assert set(snapshot.rows("inherited_grants", "grant_id")) == {(ROLE,), ("group:top:member|mid",)}


def test_nothing_is_derived_if_that_is_off(build) -> None:
    assert build(NESTED, INHERITED_GRANTS="off").rows("inherited_grants", "grant_id") == []


def test_too_deep_nesting_is_left_out_and_counted(build) -> None:
    snapshot = build(NESTED, INHERITED_GRANTS_MAX_DEPTH="2")

    assert snapshot.rows("inherited_grants", "principal_id", where=f"grant_id = '{ROLE}'") == [
        ("b",),
        ("low",),
        ("mid",),
    ]
    assert snapshot.built.inherited.too_deep > 0


def test_too_many_rows_are_cut_in_order_and_counted(build) -> None:
    snapshot = build(NESTED, INHERITED_GRANTS_LIMIT="2")

    assert snapshot.rows("inherited_grants", "grant_id", "principal_id") == [(ROLE, "a"), (ROLE, "b")]
    assert snapshot.built.inherited.over_limit == 10
