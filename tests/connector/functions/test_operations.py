"""The operations API, function by function: what each request is answered, and what it leaves behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from unittest.mock import Mock

import azure.functions as func
import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from connector.functions import openapi, operations
from connector.provisioning.asking.parsing import MOST_BYTES
from connector.settings import Settings
from connector.storage.names import OPERATIONS_QUEUE
from tests.support.snapshots import make_container

TENANT = "0785ef7c-2d7a-4542-b048-95bcab406e0b"
GROUP = "8a4eb9f4-2c0d-4d9c-a1de-4f4c2f0f3c11"
LEAST = {
    "action": "grant",
    "entitlement": f"group:{GROUP}:member",
    "principal": "adele@contoso.com",
    "justification": "x",
}
URL = "https://app.example/api/operations"


class Answer:
    """What a function answered. ``kind``: the end of the type of a problem."""

    def __init__(self, answer: func.HttpResponse) -> None:
        self.status = answer.status_code
        self.headers: Mapping[str, str] = answer.headers
        self.type = answer.mimetype
        self.json: Any = json.loads(answer.get_body())
        assert answer.headers["Cache-Control"] == "no-store"
        assert (self.status >= 400) == (self.type == "application/problem+json"), self.type
        self.kind = self.json["type"].rpartition(":")[2] if self.status >= 400 else None

    def __repr__(self) -> str:
        return f"{self.status} {self.json}"


def call(
    name: str, method: str = "GET", body: Any = None, *, url: str = URL, module: Any = operations, **more: Any
) -> Answer:
    app = func.FunctionApp()
    app.register_functions(module.blueprint)
    function = next(one.get_user_function() for one in app.get_functions() if one.get_function_name() == name)
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json; charset=utf-8", **more.pop("headers", {})}
    request = func.HttpRequest(
        method=method, url=url, body=data, headers=headers, params=more.pop("params", {}), route_params=more
    )
    return Answer(asyncio.run(function(request)))


def ask(body: Any, **more: Any) -> Answer:
    return call("request_operations", "POST", body, **more)


@pytest.fixture
def storage(storage_account: str, monkeypatch: pytest.MonkeyPatch) -> str:
    values = {"ENTRA_TENANT_ID": TENANT, "ENTRA_CLIENT_ID": TENANT, "ENTRA_CLIENT_SECRET": "secret"}
    for name, value in (values | {"AzureWebJobsStorage": storage_account, "PROVISIONING_ENABLED": "true"}).items():
        monkeypatch.setenv(name, value)
    make_container(Settings.load())
    return storage_account


def blobs(storage: str) -> list[str]:
    with BlobServiceClient.from_connection_string(storage) as service:
        return list(service.get_container_client("entra").list_blob_names())


def queues(storage: str) -> list[str]:
    with QueueServiceClient.from_connection_string(storage) as service:
        return [str(queue.name) for queue in service.list_queues()]


def messages(storage: str) -> int:
    with QueueServiceClient.from_connection_string(storage) as service:
        return len(list(service.get_queue_client(OPERATIONS_QUEUE).peek_messages(32)))


def test_one_operation_is_accepted_and_can_be_read_where_the_answer_says(storage: str) -> None:
    accepted = ask(LEAST, url=f"{URL}?code=secret")
    location = accepted.headers["Location"]
    read = call("read_operation", url=location, id=accepted.json["id"])

    assert (accepted.status, accepted.json["status"], location) == (202, "accepted", f"{URL}/{accepted.json['id']}")
    assert accepted.json["url"] == location
    assert accepted.json["requester"] == {"kind": "function_key", "id": "", "name": ""}
    assert accepted.json["wanted"]["entitlement"] == LEAST["entitlement"]
    assert (read.status, read.json) == (200, accepted.json)
    assert messages(storage) == 1


def test_a_list_is_answered_with_a_list_in_its_order(storage: str) -> None:
    others = {**LEAST, "entitlement": f"group:{GROUP}:owner"}

    accepted = ask([LEAST, others, LEAST])

    assert accepted.status == 202
    asked = [one["wanted"]["entitlement"] for one in accepted.json["operations"]]
    assert asked == [LEAST["entitlement"], others["entitlement"], LEAST["entitlement"]]
    assert accepted.headers["Location"] == URL
    assert len(ask([LEAST]).json["operations"]) == 1


def test_a_key_makes_asking_repeatable_and_belongs_to_one_request(storage: str) -> None:
    key = {"Idempotency-Key": "CHG-1"}
    first = ask(LEAST, headers=key)
    again = ask(json.dumps(LEAST, indent=3).encode(), headers=key)
    other = ask({**LEAST, "action": "revoke"}, headers=key)
    without = ask(LEAST)

    assert again.json == first.json
    assert (other.status, other.kind) == (409, "key_reused")
    assert without.json["id"] != first.json["id"]
    listed = call("list_operations").json["operations"]
    assert [one["id"] for one in listed] == [without.json["id"], first.json["id"]]


def test_asked_again_after_its_end_the_same_request_gives_the_same_operation(
    storage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, ending = {"Idempotency-Key": "CHG-1"}, {**LEAST, "expires_at": "2998-01-01T00:00:00Z"}
    first = ask(ending, headers=key)
    monkeypatch.setattr(operations, "datetime", Mock(now=lambda zone: datetime(2999, 1, 1, tzinfo=zone)))

    again = ask(ending, headers=key)
    others = [ask(ending), ask(ending, headers={"Idempotency-Key": "CHG-2"}), ask([{**ending, "end": 1}], headers=key)]

    assert (again.status, again.json) == (202, first.json)
    assert [other.kind for other in others] == ["malformed_request"] * 3
    assert [error["pointer"] for error in others[1].json["errors"]] == ["/expires_at"]
    assert len(call("list_operations").json["operations"]) == 1


@pytest.mark.parametrize("body", [LEAST, b"no json"])
def test_while_provisioning_is_off_nothing_is_accepted_or_left_behind(
    storage: str, monkeypatch: pytest.MonkeyPatch, body: Any
) -> None:
    monkeypatch.setenv("PROVISIONING_ENABLED", "false")

    refused = ask(body)
    retried = call("retry_operation", "POST", url=f"{URL}/x/retry", id="x")

    assert (refused.status, refused.kind) == (403, "provisioning_disabled")
    assert "PROVISIONING_ENABLED" in refused.json["remedy"]
    assert retried.kind == "provisioning_disabled"
    assert (blobs(storage), queues(storage)) == ([], [])


def test_everything_that_is_wrong_is_told_at_once(storage: str) -> None:
    refused = ask([{**LEAST, "action": "give"}, {**LEAST, "end": 1}], headers={"Idempotency-Key": "two words"})

    assert (refused.status, refused.kind, refused.json["status"]) == (400, "malformed_request", 400)
    assert refused.json["detail"] == "3 things are not right; nothing was done."
    where = [{name: error[name] for name in error if name != "detail"} for error in refused.json["errors"]]
    assert where == [{"header": "Idempotency-Key"}, {"pointer": "/0/action"}, {"pointer": "/1/end"}]
    assert all(error["detail"] for error in refused.json["errors"])
    assert (blobs(storage), queues(storage)) == ([], [])


@pytest.mark.parametrize(
    ("body", "headers", "status", "kind"),
    [
        (LEAST, {"Content-Type": "text/plain"}, 415, "not_json"),
        (LEAST, {"Content-Type": ""}, 415, "not_json"),
        (b" " * (MOST_BYTES + 1), {}, 413, "too_long"),
        (b"", {}, 400, "malformed_request"),
        (LEAST, {"Idempotency-Key": ""}, 400, "malformed_request"),
        (LEAST, {"Idempotency-Key": "x" * 129}, 400, "malformed_request"),
    ],
)
def test_what_is_no_request_is_refused(
    storage: str, body: Any, headers: dict[str, str], status: int, kind: str
) -> None:
    refused = ask(body, headers=headers)

    assert (refused.status, refused.kind) == (status, kind)
    assert queues(storage) == []


def test_an_hour_has_its_limit_and_says_when_the_next_begins(storage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPERATIONS_PER_HOUR", "3")

    too_many = ask([LEAST] * 4)
    first = ask([LEAST] * 3)
    refused = ask(LEAST)

    assert (too_many.status, too_many.kind) == (413, "more_than_an_hour_has")
    assert "Retry-After" not in too_many.headers
    assert first.status == 202
    assert (refused.status, refused.kind) == (429, "hour_used_up")
    assert 1 <= int(refused.headers["Retry-After"]) <= 3600


def test_operations_are_listed_page_by_page_and_by_what_they_are(storage: str) -> None:
    ids = [one["id"] for one in ask([LEAST] * 3).json["operations"]]
    other = ask({**LEAST, "principal": "bob@contoso.com"}).json["id"]
    call("cancel_operation", "POST", url=f"{URL}/{ids[0]}/cancel", id=ids[0])

    def listed(**params: str) -> tuple[list[str], str]:
        page = call("list_operations", params=params)
        assert page.status == 200, page
        assert all("events" not in one for one in page.json["operations"])
        return [one["id"] for one in page.json["operations"]], page.json["next"]

    assert listed() == ([other, ids[2], ids[1], ids[0]], "")
    first, following = listed(limit="3")
    assert (first, listed(limit="3", after=following)) == ([other, ids[2], ids[1]], ([ids[0]], ""))
    assert listed(status="cancelled,failed") == ([ids[0]], "")
    assert listed(principal="BOB@contoso.com", code="key of the platform") == ([other], "")


@pytest.mark.parametrize(
    ("params", "wrong"),
    [
        ({"limit": "0"}, ["limit"]),
        ({"limit": "501", "status": "done"}, ["status", "limit"]),
        ({"After": "x"}, ["After"]),
        ({"after": "x"}, ["after"]),
        ({"after": "../current.json"}, ["after"]),
        ({"principal": "bob"}, ["principal"]),
        ({"x" * 100: ""}, ["x" * 40]),
    ],
)
def test_what_is_wrong_with_a_query_is_named(storage: str, params: dict[str, str], wrong: list[str]) -> None:
    refused = call("list_operations", params=params)

    assert (refused.status, refused.kind) == (400, "malformed_request")
    assert [error["parameter"] for error in refused.json["errors"]] == wrong


def test_an_operation_is_cancelled_once_and_revived(storage: str) -> None:
    one = ask(LEAST).json["id"]
    path = {"url": f"{URL}/{one}/cancel", "id": one}

    early = call("retry_operation", "POST", **path)
    cancelled = call("cancel_operation", "POST", **path)
    again = call("cancel_operation", "POST", **path)
    revived = call("retry_operation", "POST", **path)

    assert (early.status, early.kind) == (409, "not_revivable")
    assert (cancelled.status, cancelled.json["status"]) == (200, "cancelled")
    assert again.json == cancelled.json
    assert (revived.status, revived.json["status"]) == (202, "accepted")
    assert [event["kind"] for event in revived.json["events"]] == ["accepted", "cancelled", "revived"]
    assert revived.json["url"] == f"{URL}/{one}"


def test_what_is_tried_again_counts_to_the_hours(storage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPERATIONS_PER_HOUR", "2")
    one = ask(LEAST).json["id"]
    path = {"url": f"{URL}/{one}/retry", "id": one}
    statuses = [(call("cancel_operation", "POST", **path), call("retry_operation", "POST", **path))[1] for _ in "12"]

    assert [answer.status for answer in statuses] == [202, 429]
    assert call("retry_operation", "POST", **path).headers["Retry-After"]
    assert call("read_operation", **path).json["status"] == "cancelled"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://app.example/API/Operations", "https://app.example/API/operations"),
        (
            "https://app.example/operations/v1/api/operations?x=/operations",
            "https://app.example/operations/v1/api/operations",
        ),
        ("https://app.example/api/%6Fperations", URL),
    ],
)
def test_an_answer_says_where_to_look_however_it_was_reached(storage: str, url: str, expected: str) -> None:
    assert ask([LEAST], url=url).headers["Location"] == expected


@pytest.mark.parametrize(
    ("name", "method"), [("read_operation", "GET"), ("cancel_operation", "POST"), ("retry_operation", "POST")]
)
@pytest.mark.parametrize("one", ["20310303T080000000000Z-1a2b3c4d-0001-001", "../../current", "", "x" * 1000])
def test_what_there_is_none_of_is_said_to_be_none(storage: str, name: str, method: str, one: str) -> None:
    refused = call(name, method, id=one)

    assert (refused.status, refused.kind) == (404, "no_such_operation")


def test_storage_that_fails_is_a_reason_to_ask_again(storage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_CONTAINER", "missing")

    for refused in (
        ask(LEAST),
        call("list_operations"),
        call("read_operation", id="20310303T080000000000Z-1a2b3c4d-0001-001"),
    ):
        assert (refused.status, refused.kind) == (503, "storage_unavailable")
        assert int(refused.headers["Retry-After"]) > 0
        assert "missing" not in json.dumps(refused.json), "where things are kept is not for callers"


def test_settings_that_are_wrong_are_named_in_the_log_only(
    storage: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPERATIONS_PER_HOUR", "many")

    refused = ask(LEAST)

    assert (refused.status, refused.kind) == (500, "settings_wrong")
    assert "OPERATIONS_PER_HOUR" not in json.dumps(refused.json)
    assert "OPERATIONS_PER_HOUR" in caplog.text


def test_the_description_is_of_the_deployment(storage: str) -> None:
    described = call("openapi", module=openapi, url="https://app.example/api/openapi.json")

    assert (described.status, described.json["openapi"]) == (200, "3.1.0")
    assert list(described.json["components"]["securitySchemes"]) == ["functionKey"]
