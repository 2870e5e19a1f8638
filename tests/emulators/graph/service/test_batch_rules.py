"""What a batch may look like, in which order it is served, and how answers look inside it."""

import base64
from typing import Any

import pytest

from emulators.graph import Variants

ORGANIZATION = {"method": "GET", "url": "/organization"}
NOT_JSON = "Unable to read JSON request payload."


def batch(graph: Any, *requests: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The answers by id."""
    response = graph.send("/$batch", "POST", json={"requests": list(requests)})
    assert response.status_code == 200, response.text
    return {item["id"]: item for item in response.json()["responses"]}


def test_requests_wait_for_those_they_depend_on_wherever_these_stand(graph):
    answers = batch(
        graph,
        {"id": "3", "dependsOn": ["2"], **ORGANIZATION},
        {"id": "2", "method": "GET", "url": "/users/11111111-1111-1111-1111-111111111111", "dependsOn": ["A"]},
        {"id": "a", **ORGANIZATION},
    )
    assert {name: item["status"] for name, item in answers.items()} == {"a": 200, "2": 404, "3": 424}
    assert answers["3"]["body"]["error"]["code"] == "FailedDependency"


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [{"id": "1", **ORGANIZATION}, {"id": "1", **ORGANIZATION}],
        [{"id": "a", **ORGANIZATION}, {"id": "A", **ORGANIZATION}],
        [{"id": 1, **ORGANIZATION}],
        [{"id": "", **ORGANIZATION}],
        [ORGANIZATION],
        [{"id": "1", "method": "GET"}],
        [{"id": "1", "url": "/users"}],
        [{"id": "1", "method": "GET", "url": "https://graph.microsoft.com/v1.0/users"}],
        [{"id": "1", "method": "POST", "url": "/$batch"}],
        [{"id": "1", "method": "POST", "url": "/users", "body": {}}],
        [{"id": "1", "method": "POST", "url": "/users", "body": "%", "headers": {"Content-Type": "text/plain"}}],
        [{"id": "1", "dependsOn": ["2"], **ORGANIZATION}],
        [{"id": "1", "dependsOn": ["2"], **ORGANIZATION}, {"id": "2", "dependsOn": ["1"], **ORGANIZATION}],
        [{"id": str(n), **ORGANIZATION} for n in range(21)],
    ],
)
def test_a_malformed_batch_is_refused_as_a_whole(graph, requests):
    assert graph.error("/$batch", "POST", json={"requests": requests})[0] == 400


def test_what_is_not_json_is_said_to_be_so(graph):
    status, code, message = graph.error("/$batch", "POST", content=b"{", headers={"Content-Type": "application/json"})
    assert (status, code, message.startswith(NOT_JSON)) == (400, "BadRequest", True)


def test_headers_belong_to_the_request_inside_and_not_to_the_batch(graph, tenant):
    tenant.create_user("Ada")
    count = {"method": "GET", "url": "/users/$count"}
    with_header = {"id": "1", **count, "headers": {"ConsistencyLevel": "eventual"}}
    response = graph.send(
        "/$batch",
        "POST",
        json={"requests": [with_header, {"id": "2", **count}]},
        headers={"ConsistencyLevel": "eventual"},
    )
    answers = {item["id"]: item for item in response.json()["responses"]}
    assert (answers["1"]["status"], answers["1"]["body"]) == (200, 1)
    assert answers["1"]["headers"]["Content-Type"] == "text/plain"
    assert answers["2"]["status"] == 400
    graph.emulator.variants = Variants(batch_text_as_base64=True)
    assert base64.b64decode(batch(graph, with_header)["1"]["body"]) == b"1"


def test_next_links_inside_are_absolute_and_followed_outside(graph, tenant):
    users = {tenant.create_user(f"User {n}") for n in range(2)}
    first = batch(graph, {"id": "1", "method": "GET", "url": "users?$top=1&$select=id"})["1"]["body"]
    link = first["@odata.nextLink"]
    assert link.startswith(f"{graph.emulator.base_url}/users?")
    assert {item["id"] for item in (*first["value"], *graph.get(link)["value"])} == users


def test_answers_may_come_in_another_order(graph):
    requests = [{"id": str(n), **ORGANIZATION} for n in range(3)]
    graph.emulator.variants = Variants(batch_reversed=True)
    response = graph.send("/$batch", "POST", json={"requests": requests})
    assert [item["id"] for item in response.json()["responses"]] == ["2", "1", "0"]


def test_answers_without_content_have_no_body(graph, tenant):
    group, ada = tenant.create_group("G"), tenant.create_user("Ada")
    tenant.add_member(group, ada)
    answer = batch(graph, {"id": "1", "method": "DELETE", "url": f"/groups/{group}/members/{ada}/$ref"})["1"]
    assert answer["status"] == 204
    assert "body" not in answer
    assert "Content-Type" not in answer["headers"]
