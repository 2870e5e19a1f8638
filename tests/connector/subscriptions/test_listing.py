"""Subscriptions as Graph lists them: what becomes part of an address is nothing but an id."""

from __future__ import annotations

import json

import pytest

from connector.subscriptions.listing import parse_subscription


def test_an_id_is_taken() -> None:
    made = parse_subscription(json.dumps({"id": "d850b120-19bb-4291-b9c4-845ea04dd38d", "resource": "/Users"}).encode())

    assert made
    assert (made.id, made.kind) == ("d850b120-19bb-4291-b9c4-845ea04dd38d", "users")


@pytest.mark.parametrize(
    "bad", ["", "../users/anna", "a/reauthorize", "a?b", "a#b", "a%2Fb", "a b", "a\n", "x" * 129, 7]
)
def test_what_would_lead_elsewhere_is_none(bad: object) -> None:
    assert parse_subscription(json.dumps({"id": bad}).encode()) is None
