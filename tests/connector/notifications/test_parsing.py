"""Bodies from anybody: what is taken, what is refused, and that nothing else can happen."""

from __future__ import annotations

import json
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.notifications.parsing import MOST_BYTES, MOST_ITEMS, Refused, check_type, parse

GOOD = {"subscriptionId": "s", "tenantId": "t", "clientState": "c"}
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def body(*items):
    return json.dumps({"value": items}).encode()


def status_of(data):
    with pytest.raises(Refused) as refused:
        parse(data)
    return refused.value.status


def test_what_graph_sends_is_read_as_far_as_it_matters():
    captured = {
        "changeType": "updated",
        "clientState": "secret",
        "resource": "Groups/f0a5993b-5c2d-49cc-bb2f-8cb0060fef8e",
        "resourceData": {"@odata.type": "#Microsoft.Graph.Group", "members@delta": [{"id": "x"}]},
        "subscriptionExpirationDateTime": "2026-11-24T18:13:08.914+00:00",
        "subscriptionId": "d850b120-19bb-4291-b9c4-845ea04dd38d",
        "tenantId": "0785ef7c-2d7a-4542-b048-95bcab406e0b",
    }
    reminder = GOOD | {"lifecycleEvent": "reauthorizationRequired"}

    first, second = parse(body(captured, reminder)).items

    assert (first.subscription_id, first.client_state) == (captured["subscriptionId"], "secret")
    assert (first.lifecycle_event, second.lifecycle_event) == (None, "reauthorizationRequired")


@pytest.mark.parametrize(
    "bad",
    [
        1,
        None,
        [],
        {},
        {"subscriptionId": 1, "tenantId": "t"},
        {"subscriptionId": "s"},
        GOOD | {"clientState": "x" * 256},
        GOOD | {"subscriptionId": "x" * 129},
        GOOD | {"clientState": {"a": 1}},
        GOOD | {"lifecycleEvent": 7},
    ],
)
def test_a_malformed_item_does_not_lose_the_good_ones(bad):
    parsed = parse(body(GOOD, bad, GOOD))

    assert (len(parsed.items), parsed.malformed) == (2, 1)


def test_an_item_of_invalid_text_does_not_either():
    data = body(GOOD, GOOD | {"subscriptionId": "HERE"}).replace(b"HERE", b"\xff\xfe")

    assert (len(parse(data).items), parse(data).malformed) == (1, 1)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 400),
        (b"\xff\xfe\x00", 400),
        (b"<xml/>", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"value": null}', 400),
        (b'{"value": {}}', 400),
        (b'{"value": [1, 2]}', 400),
        (b'{"value": []} trailing', 400),
        (b'{"value": [' + b"[" * 100_000, 400),
        (b'{"value": [' + b'{"a":' * 100_000, 400),
        (b'{"other": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
        (body(*[GOOD] * (MOST_ITEMS + 1)), 413),
        (b" " * (MOST_BYTES + 1), 413),
    ],
    ids=range(14),
)
def test_a_body_that_is_none_is_refused(data, status):
    assert status_of(data) == status


@pytest.mark.parametrize("item", [b"1", b"{}", b'""', b'{"subscriptionId":"s"}'])
def test_a_body_of_countless_items_is_refused_before_it_costs_memory(item):
    data = b'{"value":[' + b",".join([item] * ((MOST_BYTES - 100) // (len(item) + 1))) + b"]}"
    tracemalloc.start()
    try:
        assert status_of(data) == 413
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 100_000


def test_the_members_of_large_groups_are_not_too_much():
    members = [{"id": f"{number:036}", "@removed": "deleted"} for number in range(62_000)]
    value = [GOOD | {"resourceData": {"members@delta": members}}]
    data = json.dumps({"value": value}, separators=(",", ":")).encode()

    assert MOST_BYTES * 0.97 < len(data) < MOST_BYTES
    assert len(parse(data).items) == 1


def test_the_largest_body_that_is_allowed_is_taken():
    padding = "x" * (MOST_BYTES - len(body(GOOD | {"resource": ""})))

    assert len(parse(body(GOOD | {"resource": padding})).items) == 1
    assert len(parse(body(*[GOOD] * MOST_ITEMS)).items) == MOST_ITEMS


def test_an_empty_list_asks_for_nothing_and_is_no_error():
    assert parse(body()).items == []


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON ;x=y"])
def test_json_is_taken(kind):
    check_type(kind)


@pytest.mark.parametrize("kind", [None, "", "text/plain", "application/jsonp", "text/html; application/json", "json"])
def test_other_types_are_refused(kind):
    with pytest.raises(Refused) as refused:
        check_type(kind)
    assert refused.value.status == 415


@given(st.binary(max_size=300))
def test_bytes_are_read_or_refused(data):
    with suppress(Refused):
        parse(data)


@given(st.lists(ANY_JSON, max_size=6), st.integers(0, 6))
def test_one_good_item_among_anything_is_found(others, place):
    others.insert(min(place, len(others)), GOOD)

    parsed = parse(body(*others))

    assert any(item.client_state == "c" and item.tenant_id == "t" for item in parsed.items)
    assert len(parsed.items) + parsed.malformed == len(others)


@given(st.dictionaries(st.sampled_from(["subscriptionId", "tenantId", "clientState", "lifecycleEvent"]), ANY_JSON))
def test_fields_of_any_type_are_read_or_the_item_is_malformed(item):
    try:
        parsed = parse(body(item))
    except Refused:
        return
    assert parsed.items[0].subscription_id == item["subscriptionId"]
