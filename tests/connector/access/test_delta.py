"""What a chain says of an object is put together, in whatever order and in however many pieces it says it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.access.decoding import NotJson
from connector.access.delta import put_together

_MEMBERS: list[dict[str, Any]] = [
    {"@odata.type": "#microsoft.graph.user", "id": "a"},
    {"@odata.type": "#microsoft.graph.group", "id": "b"},
    {"@odata.type": "#microsoft.graph.servicePrincipal", "id": "c", "@removed": {"reason": "deleted"}},
]


@given(st.permutations(_MEMBERS), st.integers(0, 3), st.booleans())
def test_pieces_of_relationships_come_together(members: list[dict[str, Any]], cut: int, turned: bool):
    pieces = [members[:cut], members[cut:]]
    items = [{"id": "g", "displayName": "G", "members@delta": piece} for piece in pieces]
    one = put_together(items[::-1] if turned else items)["g"]
    assert one.properties == {"id": "g", "displayName": "G"}
    assert one.related["members"].there == {"a": "account", "b": "group"}
    assert one.related["members"].ended == {"c": "service_principal"}
    assert not one.related["members"].disputed


def test_a_property_that_is_absent_is_told_from_one_that_is_empty():
    one = put_together([{"id": "u", "mail": None}])["u"]
    assert one.properties == {"id": "u", "mail": None}


@pytest.mark.parametrize("reason", ["changed", "deleted"])
def test_removed_is_removed_whatever_the_reason(reason: str):
    one = put_together([{"id": "u", "@removed": {"reason": reason}}])["u"]
    assert (one.there, one.removed, one.disputed) == (False, True, False)


def test_what_is_said_both_ways_is_disputed():
    removed = {"id": "u", "@removed": {"reason": "changed"}}
    assert put_together([removed, {"id": "u"}])["u"].disputed
    assert put_together([{"id": "u"}, removed])["u"].disputed
    rows = [{"id": "a"}, {"id": "a", "@removed": {"reason": "deleted"}}]
    assert put_together([{"id": "g", "owners@delta": rows}])["g"].related["owners"].disputed == {"a"}


@pytest.mark.parametrize(
    "item",
    [{}, {"id": None}, {"id": 7}, {"id": ""}, {"id": "g", "members@delta": 1}, {"id": "g", "members@delta": ["x"]}],
)
def test_nothing_that_has_no_id_is_passed_over(item: dict[str, Any]):
    with pytest.raises(NotJson):
        put_together([{"id": "fine"}, item])


def test_a_list_that_is_none_says_nothing():
    one = put_together([{"id": "g", "assignedLicenses": 7, "groupTypes": None, "proxies": []}])["g"]
    assert [one.tells(name) for name in ("assignedLicenses", "groupTypes", "proxies", "absent")] == [
        False,
        True,
        True,
        False,
    ]


def test_a_type_that_is_no_text_costs_the_type_only():
    one = put_together([{"id": "g", "members@delta": [{"id": "a", "@odata.type": 7}]}])["g"]
    assert one.related["members"].there == {"a": "other"}
