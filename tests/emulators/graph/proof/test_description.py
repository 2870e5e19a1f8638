"""The checker itself: it finds what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

USER = {"id": "1", "displayName": "Ada"}


def page(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"@odata.context": "https://localhost/v1.0/$metadata#users", "value": list(items)} | more


@pytest.mark.parametrize(
    ("operation", "status", "body"),
    [
        ("GET users", 200, page(USER)),
        ("GET users", 200, page({"id": "1", "businessPhones": [], "createdDateTime": "2026-01-01T00:00:00Z"})),
        (
            "GET groups/{id}/members",
            200,
            page({"@odata.type": "#microsoft.graph.user", "id": "1", "displayName": None}),
        ),
        (
            "GET groups/delta",
            200,
            page({"id": "1", "@removed": {"reason": "changed"}}, **{"@odata.deltaLink": "https://x"}),
        ),
        ("DELETE users/{id}", 204, None),
        ("GET users/$count", 200, 3),
    ],
)
def test_right_answers(description, operation, status, body):
    assert list(description.check(operation, status, body)) == []


@pytest.mark.parametrize(
    ("operation", "status", "body", "problem"),
    [
        ("GET nothing", 200, {}, "not described"),
        ("GET users", 202, page(), "is none of"),
        ("GET users", 200, {"value": []}, "no @odata.context"),
        ("GET users", 200, page({"id": 1}), "is no string"),
        ("GET users", 200, page({"id": None}), "is null"),
        ("GET users", 200, page({"accountEnabled": "true"}), "is no bool"),
        ("GET users", 200, page({"businessPhones": "1"}), "is no list"),
        ("GET users", 200, page({"createdDateTime": "yesterday"}), "is no time"),
        ("GET users", 200, page({"shoeSize": 4}), "is no property of user"),
        ("GET users", 200, page(USER | {"@odata.type": "#microsoft.graph.group"}), "which is no user"),
        ("GET groups/{id}/members", 200, page(USER), "does not say what type"),
        ("GET groups/delta", 200, page({"id": "1"}), "one of next link and delta link"),
        ("GET groups/delta", 200, page({"members@delta": [{"id": "1"}]}, **{"@odata.deltaLink": "x"}), "another shape"),
        ("GET users/$count", 200, "3", "is no whole number"),
        ("DELETE users/{id}", 204, {}, "has no body"),
        ("GET groups/{id}/members/$ref", 200, page({"id": "1"}), "is no reference"),
    ],
)
def test_wrong_answers(description, operation, status, body, problem):
    assert problem in " ".join(description.check(operation, status, body))


def test_errors(description):
    inner = {"date": "2026-01-01T00:00:00", "request-id": "1", "client-request-id": "1"}
    error = {"code": "BadRequest", "message": "No.", "innerError": inner}
    assert list(description.check_error("GET users", {"error": error})) == []
    assert list(description.check_error("GET users", {"error": error | {"code": ""}})) != []
    assert (
        list(
            description.check_error(
                "GET users", {"error": error | {"innerError": inner | {"date": "2026-01-01T00:00:00Z"}}}
            )
        )
        != []
    )
    assert list(description.check_error("GET users", {})) != []
