"""What could not be read stays as it was, what was read is never overruled, and what shrank too much waits for a word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connector.storage.records import Shrinking
from connector.sync.kinds import READERS
from connector.sync.publishing.gaps import Gap, KindRead
from tests.support.staged import ZERO, ids, member

CANDIDATE = {"service_principal_type": "Application", "tags": ["WindowsAzureActiveDirectoryIntegratedApp"]}


def held(key: str, principal: str, scope: str = "/", **more: Any) -> dict[str, Any]:
    return {"id": key, "role_id": "r", "principal_id": principal, "scope": scope} | more


TENANT: dict[str, list[dict[str, Any]]] = {
    "accounts": [
        {"id": "a", "department": "Sales", "manager_id": "b"},
        {"id": "b", "created_at": "2026-01-02T03:04:05Z"},
    ],
    "sign_in_activity": [{"id": "a", "last_sign_in_at": "2026-01-01T00:00:00Z"}],
    "mailbox_purposes": [{"id": "a", "mailbox_purpose": "room"}],
    "license_states": [
        {"account_id": "a", "sku_id": "l", "state": "Active", "error": "None", "disabled_plans": ["x"]},
        {"account_id": "a", "sku_id": "l", "assigned_by_group": "g", "state": "Error", "error": "CountViolation"},
    ],
    "groups": [
        {"id": "g", "is_dynamic": True},
        {"id": "h", "display_name": "H"},
        {"id": "ad", "on_premises_sync_enabled": True},
    ],
    "memberships": [
        member("g", "a"),
        member("g", "h", "group"),
        member("h", "b"),
        member("h", "p", "service_principal"),
        member("h", "b", relation="owner"),
        member("g", "d1", "device"),
        member("h", "c1", "contact"),
        member("h", "x1", "other"),
        member("ad", "a"),
    ],
    "group_licenses": [{"group_id": "g", "sku_id": "l", "disabled_plans": ["x"]}],
    "enterprise_applications": [
        {"id": "p", "display_name": "Portal", **CANDIDATE},
        {"id": "q", **CANDIDATE},
        {"id": "s"},
        {"id": "t"},
    ],
    "app_roles": [
        {
            "application_id": "p",
            "role_id": "r1",
            "display_name": "Admin",
            "value": "admin",
            "enabled": True,
            "allowed_member_types": ["User", "Application"],
        }
    ],
    "application_owners": [{"application_id": "p", "principal_kind": "account", "principal_id": "b"}],
    "app_role_assignments": [
        {"id": f"x{n}", "application_id": app, "role_id": role, "principal_kind": kind, "principal_id": principal}
        for n, (app, role, kind, principal) in enumerate(
            [
                ("p", "r1", "group", "g"),
                ("p", ZERO, "account", "a"),
                ("p", "gone", "account", "b"),
                ("t", ZERO, "group", "ad"),
            ]
        )
    ],
    "provisioning_jobs": [{"application_id": "p", "job_id": "1", "template_id": "scim", "state": "Active"}],
    "directory_roles": [{"id": "r", "display_name": "Reader", "is_enabled": True}],
    "role_assignments": [
        held("ra1", "a"),
        held("ra2", "g"),
        held("ra3", "b", "/administrativeUnits/u"),
        held("ra4", "p", "/q"),
        held("ra5", "b"),
    ],
    "role_assignment_instances": [
        held("i1", "a", origin_id="ra1", assignment_type="Activated", ends_at="2027-01-01T00:00:00Z"),
        held("i2", "b", "/", assignment_type="Assigned"),
    ],
    "role_eligibility_instances": [held("e1", "b", starts_at="2025-01-01T00:00:00Z", member_type="Direct")],
    "scopes": [{"id": "/administrativeUnits/u", "kind": "administrative_unit", "name": "Unit"}],
    "licenses": [{"id": "l", "enabled_units": 5, "service_plans": [{"id": "x", "name": "X"}]}],
}


def reading(**gaps: list[Gap]) -> list[KindRead]:
    """Every reader, complete but for the gaps by its name."""
    return [KindRead(one.name, one.tables, one.parent_table, tuple(gaps.get(one.name, ()))) for one in READERS]


def refused(*names: str) -> list[KindRead]:
    """Every reader; those of ``names`` were refused altogether."""
    return reading(**{one.name: [Gap(table) for table in one.tables] for one in READERS if one.name in names})


EVERYTHING = tuple(one.name for one in READERS)


@pytest.mark.parametrize(
    "switches", [{}, {"SKIP_AD_GROUPS": "true", "SKIP_UNASSIGNED_APPS": "true"}], ids=["defaults", "all switched"]
)
def test_where_nothing_can_be_read_the_snapshot_stays_byte_for_byte(publish, switches: dict[str, str]) -> None:
    first = publish(TENANT, reading(), **switches)
    second = publish({}, refused(*EVERYTHING), first, **switches)
    third = publish({}, refused(*EVERYTHING), second, **switches)

    assert first.built.tables["grants"].rows > 15
    assert second.hashes == first.hashes
    assert third.hashes == first.hashes


@pytest.mark.parametrize("name", EVERYTHING)
def test_whichever_kind_is_refused_nothing_of_it_is_lost(publish, name: str) -> None:
    first = publish(TENANT, reading())
    tables = next(one.tables for one in READERS if one.name == name)
    second = publish({table: rows for table, rows in TENANT.items() if table not in tables}, refused(name), first)

    assert {table: facts.rows for table, facts in second.built.tables.items()} == {
        table: facts.rows for table, facts in first.built.tables.items()
    }
    lost = {table: changes.removed for table, changes in second.built.differences.counts.items() if changes.removed}
    assert lost == {}


def test_what_was_read_anew_is_not_overruled(publish) -> None:
    first = publish(TENANT, reading())
    changed = TENANT | {"accounts": [{"id": "a", "department": "Legal"}]}
    second = publish(changed, refused("accounts"), first)

    assert second.rows("accounts", "id", "department") == [("a", "Legal"), ("b", None)]
    assert second.built.carried.rows["accounts"] == 1


def test_one_group_that_cannot_be_read_keeps_its_members_and_the_others_are_as_read(publish) -> None:
    first = publish(TENANT, reading())
    unread = {"table_name": "memberships", "column_name": "group_id", "id": "h", "reason": "no"}
    second = publish(TENANT | {"memberships": [member("g", "b")], "unread": [unread]}, reading(), first)

    kept = ["group:h:member|b", "group:h:member|p", "group:h:owner|b"]
    assert second.rows("grants", "id", where="resource_kind = 'group'") == [
        (key,) for key in ["group:g:member|b", *kept]
    ]
    counts = second.rows("groups", "id", "user_members", "device_members", "contact_members", where="id <> 'ad'")
    assert counts == [("g", 1, 0, 0), ("h", 1, 0, 1)]
    assert [one.id for one in second.built.carried.unread] == ["h"]


def test_of_a_refused_unit_the_groups_that_it_was_to_read_keep_their_members(publish, tmp_path: Path) -> None:
    listed = tmp_path / "part.jsonl"
    listed.write_text(json.dumps({"id": "h", "display_name": "H"}) + "\n")
    first = publish(TENANT, reading())
    gaps = reading(memberships=[Gap("memberships", "group_id", listed)])
    second = publish(TENANT | {"memberships": []}, gaps, first)

    assert {key for (key,) in second.rows("grants", "resource_id", where="resource_kind = 'group'")} == {"h"}


def test_what_is_read_for_each_row_of_a_refused_list_stays_for_the_rows_that_stay(publish) -> None:
    first = publish(TENANT, reading())
    listed = TENANT | {
        "groups": TENANT["groups"][1:],
        "memberships": [member("h", "a")],
        "group_licenses": [],
    }
    second = publish(listed, refused("groups"), first)

    assert second.rows("grants", "id", where="resource_kind = 'group'") == [
        ("group:g:member|a",),
        ("group:g:member|h",),
        ("group:h:member|a",),
    ]
    assert second.built.carried.because == {"memberships": "groups"}


def test_a_role_that_is_no_longer_assigned_is_gone_even_where_pim_cannot_be_asked(publish) -> None:
    first = publish(TENANT, reading())
    second = publish(
        TENANT
        | {"role_assignments": [held("ra2", "g")], "role_assignment_instances": [], "role_eligibility_instances": []},
        refused("role_schedules"),
        first,
    )

    assert second.rows("grants", "id", where="resource_kind = 'directory_role'") == [
        ("directory_role:r:assigned|g",),
        ("directory_role:r:eligible|b",),
    ]


MANY = TENANT | {
    "accounts": ids(*(f"a{n:03}" for n in range(200))),
    "memberships": [member("g", f"a{n:03}") for n in range(200)],
}


def test_a_kind_that_shrinks_too_much_is_held_back_with_what_is_read_for_it(publish) -> None:
    first = publish(MANY, reading())
    second = publish(MANY | {"accounts": MANY["accounts"][:150]}, reading(), first)

    assert second.built.carried.held_back == {"accounts": (Shrinking(table="accounts", was=200, now=150),)}
    assert second.hashes == first.hashes


@pytest.mark.parametrize(
    ("left", "accepted", "switches"),
    [
        (160, (), {}),
        (150, ("accounts",), {}),
        (150, (), {"SHRINK_LIMIT_PERCENT": "0"}),
        (150, (), {"SHRINK_LIMIT_ROWS": "51"}),
    ],
    ids=["no more than the percentage", "accepted", "switched off", "too few rows"],
)
def test_it_is_not_held_back(publish, left: int, accepted: tuple[str, ...], switches: dict[str, str]) -> None:
    first = publish(MANY, reading())
    second = publish(MANY | {"accounts": MANY["accounts"][:left]}, reading(), first, accepted, **switches)

    assert second.built.carried.held_back == {}
    assert second.built.differences.counts["accounts"].removed == 200 - left


def test_what_goes_with_accounts_that_may_go_is_not_held_back_on_its_own(publish) -> None:
    first = publish(MANY, reading())
    gone = MANY | {"accounts": MANY["accounts"][:50], "memberships": MANY["memberships"][:50]}
    second = publish(gone, reading(), first, ["accounts"])

    assert second.built.carried.held_back == {}
    assert second.rows("groups", "user_members", where="id = 'g'") == [(50,)]


def test_memberships_that_vanish_while_everybody_is_there_are_held_back(publish) -> None:
    first = publish(MANY, reading())
    second = publish(MANY | {"memberships": MANY["memberships"][:100]}, reading(), first)

    assert list(second.built.carried.held_back) == ["memberships"]
    assert second.hashes == first.hashes


def test_groups_that_a_switch_leaves_out_are_not_missed(publish) -> None:
    rows = MANY | {"memberships": [member("ad", f"a{n:03}") for n in range(200)]}
    first = publish(rows, reading())
    second = publish(rows | {"memberships": []}, reading(), first, SKIP_AD_GROUPS="true")

    assert second.built.carried.held_back == {}


def test_differences_from_the_previous_snapshot_are_counted(publish) -> None:
    first = publish({"accounts": ids("a", "b", "c")}, reading())
    second = publish({"accounts": [{"id": "b", "mail": "b@x"}, *ids("c", "d", "e")]}, reading(), first)

    changes = second.built.differences.counts["accounts"]
    assert (changes.added, changes.removed, changes.changed) == (2, 1, 1)
    assert second.built.differences.counts["groups"].added == 0
