"""Requests into what is wanted: what is right, and everything that is wrong, named."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.provisioning.asking.accepting import MOST_OPERATIONS
from connector.provisioning.asking.parsing import MOST_BYTES, MOST_PROBLEMS, Malformed, Parsed, parse_request
from connector.provisioning.asking.requesting import OperationRequest
from connector.provisioning.entitlements import Entitlement
from connector.storage.records.operations import Action, Wanted

NOW = datetime(2031, 3, 3, 12, tzinfo=UTC)
GROUP = "8A4EB9F4-2c0d-4d9c-a1de-4f4c2f0f3c11"
ROLE = "62e90394-69f5-4237-9190-012177145e10"
UNIT = "A2D4FF30-4e5a-4a0c-8f0b-5e5d83a2c7b9"
LEAST = {
    "action": "grant",
    "entitlement": f"group:{GROUP}:member",
    "principal": "Adele.Vance@contoso.com",
    "justification": "Joins.",
}


def asked(**changes: Any) -> dict[str, Any]:
    """A request that is right but for ``changes``; None leaves a field out."""
    return {name: value for name, value in {**LEAST, **changes}.items() if value is not None}


def parsed(document: Any) -> Parsed:
    return parse_request(json.dumps(document).encode(), NOW)


def wrong(document: Any) -> dict[str, str]:
    """What is wrong, by pointer."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(Malformed) as raised:
        parse_request(body, NOW)
    assert len({one.pointer for one in raised.value.problems}) == len(raised.value.problems)
    return {one.pointer: one.detail for one in raised.value.problems}


def test_the_least_that_can_be_asked_for() -> None:
    assert parsed(asked()) == Parsed(
        (
            Wanted(
                action=Action.GRANT,
                entitlement=f"group:{GROUP.lower()}:member",
                principal="Adele.Vance@contoso.com",
                justification="Joins.",
            ),
        ),
        many=False,
    )


def test_everything_that_can_be_asked_for() -> None:
    everything = asked(
        entitlement=f"directory_role:{ROLE.upper()}:eligible",
        principal=UNIT,
        ticket="CHG-1",
        scope=f"/administrativeUnits/{UNIT}",
        starts_at="2031-03-04T10:00:00+02:00",
        expires_at="2031-03-04T09:00:00.5Z",
        dry_run=True,
    )

    (wanted,) = parsed([everything]).wanted

    assert wanted == Wanted(
        action=Action.GRANT,
        entitlement=f"directory_role:{ROLE}:eligible",
        principal=UNIT.lower(),
        justification="Joins.",
        ticket="CHG-1",
        scope=f"/administrativeUnits/{UNIT.lower()}",
        starts_at=datetime(2031, 3, 4, 8, tzinfo=UTC),
        expires_at=datetime(2031, 3, 4, 9, 0, 0, 500_000, tzinfo=UTC),
        dry_run=True,
    )


def test_a_list_of_one_is_a_list_and_what_is_in_it_twice_stays_so() -> None:
    assert parsed([asked()]).many
    assert parsed([asked(), asked()]).wanted == 2 * parsed(asked()).wanted


def test_a_thousand_are_taken_and_one_more_is_not() -> None:
    assert len(parsed([asked()] * MOST_OPERATIONS).wanted) == MOST_OPERATIONS

    assert wrong([asked()] * (MOST_OPERATIONS + 1)) == {"": "must be one operation, or a list of 1 to 1,000"}
    assert wrong([]) == {"": "must be one operation, or a list of 1 to 1,000"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("action", "Grant"),
        ("action", ["grant"]),
        ("entitlement", f"group:{GROUP}:assigned"),
        ("entitlement", f"directory_role:{ROLE}:member"),
        ("entitlement", f"group:{GROUP}:member\n"),
        ("entitlement", f"license:{GROUP}:assigned"),
        ("principal", ""),
        ("principal", "adele"),
        ("principal", "adele@"),
        ("principal", "adele vance@contoso.com"),
        ("principal", "adele@contoso.com/manager"),
        ("principal", "adele@contoso.com\n"),
        ("principal", "a" * 300 + "@contoso.com"),
        ("principal", 7),
        ("justification", ""),
        ("justification", " \n\t"),
        ("justification", "x" * 1001),
        ("ticket", ""),
        ("ticket", "one two"),
        ("ticket", "x" * 101),
        ("scope", "tenant"),
        ("scope", "//"),
        ("scope", f"/administrativeunits/{UNIT}"),
        ("scope", f"/{UNIT}/"),
        ("scope", f"/{UNIT}\n"),
        ("starts_at", "tomorrow"),
        ("starts_at", "2031-03-04T08:00:00"),
        ("starts_at", 1_900_000_000),
        ("starts_at", "0001-01-01T00:00:00+14:00"),
        ("expires_at", "9999-12-31T23:59:59Z"),
        ("expires_at", "2031-02-30T00:00:00Z"),
        ("dry_run", "true"),
        ("dry_run", 1),
    ],
)
def test_what_is_not_right_is_named_with_what_would_be(field: str, value: Any) -> None:
    entitlement = f"directory_role:{ROLE}:assigned"

    found = wrong([asked(entitlement=entitlement), asked(**{"entitlement": entitlement, field: value})])

    assert list(found) == [f"/1/{field}"]
    assert found[f"/1/{field}"].startswith("must be ")


def test_what_is_missing_is_named_and_everything_at_once() -> None:
    assert {pointer: detail.split(";")[0] for pointer, detail in wrong({}).items()} == {
        "/action": "is missing",
        "/entitlement": "is missing",
        "/principal": "is missing",
        "/justification": "is missing",
    }


def test_problems_of_every_operation_are_told_up_to_a_limit() -> None:
    assert list(wrong([asked(action="x"), 7, asked(), asked(ticket="")])) == ["/0/action", "/1", "/3/ticket"]

    with pytest.raises(Malformed) as raised:
        parsed([asked(action="x")] * MOST_OPERATIONS)

    assert (len(raised.value.problems), raised.value.more) == (MOST_PROBLEMS, True)


def test_an_unknown_field_is_refused_under_its_escaped_and_shortened_name() -> None:
    (pointer,) = wrong(asked(**{"a/b~c" + "x" * 100: 1}))

    assert pointer == "/a~1b~0c" + "x" * 35


def test_a_field_that_is_there_twice_is_refused() -> None:
    body = json.dumps(asked()).replace('"grant"', '"grant", "action": "revoke"').encode()

    assert wrong(body) == {"/action": "must be given once"}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"scope": f"/administrativeUnits/{UNIT}"}, "/scope"),
        ({"expires_at": "2031-03-03T12:00:00Z"}, "/expires_at"),
        ({"starts_at": "2031-03-05T00:00:00Z", "expires_at": "2031-03-05T01:00:00+01:00"}, "/expires_at"),
        ({"action": "revoke", "expires_at": "2031-03-05T00:00:00Z"}, "/expires_at"),
    ],
)
def test_fields_that_contradict_each_other_are_refused(changes: dict[str, Any], pointer: str) -> None:
    assert list(wrong(asked(**changes))) == [pointer]


def test_what_is_wrong_only_because_time_has_passed_was_right_once() -> None:
    ended, bad = asked(expires_at="2031-03-03T11:00:00Z"), asked(action="x")

    def once(document: Any) -> Parsed | None:
        with pytest.raises(Malformed) as raised:
            parsed(document)
        return raised.value.ended

    found = once([ended, asked(), ended])
    assert found is not None
    assert [one.expires_at for one in found.wanted] == [NOW - timedelta(hours=1), None, NOW - timedelta(hours=1)]
    assert once([ended, bad]) is None
    assert once({**ended, "starts_at": "2031-03-03T11:30:00Z"}) is None
    assert once(bad) is None


def test_near_misses_of_contradictions_are_taken() -> None:
    a_second = timedelta(seconds=1)
    assert parsed(asked(expires_at=(NOW + a_second).isoformat())).wanted[0].expires_at == NOW + a_second
    assert parsed(asked(starts_at="2020-01-01T00:00:00Z")).wanted[0].starts_at == datetime(2020, 1, 1, tzinfo=UTC)
    assert parsed(asked(action="revoke", starts_at="2031-03-05T00:00:00Z")).wanted[0].action is Action.REVOKE


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "must be JSON in UTF-8"),
        (b"{", "must be JSON in UTF-8"),
        (b"\xff{}", "must be JSON in UTF-8"),
        ("{}".encode("utf-16"), "must be JSON in UTF-8"),
        (b'{"justification": NaN}', "must be JSON in UTF-8"),
        (b'{"justification": "\\ud800"}', "must be JSON in UTF-8"),
        (b"[" * 100_000, "must not be nested so deeply"),
        (b" " * (MOST_BYTES + 1), f"must have at most {MOST_BYTES:,} bytes"),
        (b"null", "must be an object that says what is wanted"),
    ],
)
def test_what_is_no_request_at_all_is_refused(body: bytes, detail: str) -> None:
    assert wrong(body) == {"": detail}


def test_a_body_of_nothing_but_names_costs_little() -> None:
    members = ",".join(f'"{number}":1' for number in range(150_000))
    found = wrong(f'{{"0":2,{members}}}'.encode())

    assert len(found) == MOST_PROBLEMS


def test_every_field_says_what_it_must_be() -> None:
    for field in msgspec.json.schema_components([OperationRequest])[1]["OperationRequest"]["properties"].values():
        described = field.get("description") or field["anyOf"][0]["description"]
        assert " Must be " in described


@given(st.binary(max_size=200) | st.from_type(dict[str, int]).map(lambda found: json.dumps(found).encode()))
def test_whatever_the_body_is_the_answer_is_what_is_wrong(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse_request(body, NOW)


def test_what_is_taken_can_be_granted_here() -> None:
    wanted = parsed(asked()).wanted[0]

    assert Entitlement.parse(wanted.entitlement).text == wanted.entitlement
    assert Entitlement.parse(wanted.entitlement.upper()).text == wanted.entitlement
