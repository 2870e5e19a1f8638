"""Batches, costs, throttling, faults, the admin address and the command."""

import json
import signal
import ssl
import subprocess
import sys
from typing import Any

import httpx
import pytest

from emulators.graph import Fault


def batch(graph: Any, *requests: dict[str, Any]) -> dict[str, dict[str, Any]]:
    response = graph.send("/$batch", "POST", json={"requests": list(requests)})
    assert response.status_code == 200, response.text
    return {item["id"]: item for item in response.json()["responses"]}


def test_each_request_of_a_batch_is_answered_by_itself(graph, tenant):
    user = tenant.create_user("Ada")
    found = batch(
        graph,
        {"id": "1", "method": "GET", "url": f"/users/{user}?$select=id"},
        {"id": "2", "method": "GET", "url": "groups?$select=id"},
        {"id": "3", "method": "GET", "url": "/nothing"},
        {"id": "4", "method": "GET", "url": "/users", "dependsOn": ["3"]},
    )
    assert {key: item["status"] for key, item in found.items()} == {"1": 200, "2": 200, "3": 400, "4": 424}
    assert found["1"]["body"]["id"] == user
    assert found["1"]["headers"]["x-ms-resource-unit"] == "1"
    assert found["1"]["headers"]["OData-Version"] == "4.0"
    assert found["3"]["body"]["error"]["innerError"]["request-id"]
    assert graph.emulator.metrics.requests == 3
    assert graph.emulator.metrics.snapshot()["http_requests"] == 1


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [{"id": str(n), "method": "GET", "url": "/users"} for n in range(21)],
        [{"id": "a", "method": "GET", "url": "/users"}, {"id": "A", "method": "GET", "url": "/users"}],
        [{"id": "1", "method": "GET", "url": "https://graph.microsoft.com/v1.0/users"}],
        [{"id": "1", "method": "POST", "url": "/users", "body": {}}],
        [{"id": "1", "url": "/users"}],
    ],
)
def test_malformed_batches_are_refused_as_a_whole(graph, requests):
    assert graph.error("/$batch", "POST", json={"requests": requests})[0] == 400


@pytest.mark.parametrize(
    ("path", "units"),
    [
        ("/users", 2),
        ("/users?$select=id", 1),
        ("/users?$top=5", 1),
        ("/users?$expand=manager", 3),
        ("/groups", 1),
        ("/groups?$select=id", 1),
        ("/groups/{group}/members", 3),
        ("/groups/{group}/members?$select=id&$top=5", 1),
        ("/groups/{group}/transitiveMembers", 5),
        ("/subscribedSkus", 3),
        ("/users/delta", 1),
        ("/nothing", 1),
    ],
)
def test_costs(graph, tenant, path, units):
    group = tenant.create_group("Team")
    response = graph.send(path.format(group=group))
    assert response.headers["x-ms-resource-unit"] == str(units)
    assert graph.emulator.metrics.resource_units == units


def test_throttling_by_resource_units(emulate, tenant):
    group = tenant.create_group("Team")
    item = {"method": "GET", "url": f"/groups/{group}/transitiveMembers"}
    with emulate(throttle="s") as graph:
        graph.emulator.clock.stop()
        for _ in range(28):  # 2,800 units of 3,500
            batch(graph, *({"id": str(n)} | item for n in range(20)))
        response = graph.send("/groups?$select=id")
        assert float(response.headers["x-ms-throttle-limit-percentage"]) >= 0.8
        for _ in range(8):
            last = batch(graph, *({"id": str(n)} | item for n in range(20)))
        assert {one["status"] for one in last.values()} == {429}
        refused = graph.send("/groups?$select=id")
        assert refused.json()["error"]["code"] == "TooManyRequests"
        scope = f"Tenant_Application/ReadWrite/{tenant.client_id}/{tenant.id}"
        assert refused.headers["x-ms-throttle-scope"] == scope
        assert refused.headers["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
        graph.emulator.clock.advance(int(refused.headers["Retry-After"]) + 1)
        assert graph.send("/groups?$select=id").status_code == 200


def test_faults_answer_for_the_next_calls_that_match(graph):
    graph.emulator.fail(Fault(path="/users", status=503, retry_after=7, times=2, skip=1))
    answers = [graph.send("/users") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 503, 503, 200]
    assert answers[1].headers["Retry-After"] == "7"
    assert graph.send("/groups").status_code == 200


def test_faults_reach_into_batches(graph):
    graph.emulator.fail(Fault(path="/v1.0/groups", status=429, body={"error": {"code": "UnknownError"}}))
    found = batch(graph, {"id": "1", "method": "GET", "url": "/users"}, {"id": "2", "method": "GET", "url": "/groups"})
    assert (found["1"]["status"], found["2"]["status"]) == (200, 429)
    assert found["2"]["body"] == {"error": {"code": "UnknownError"}}


@pytest.mark.parametrize(("drop", "served"), [("before", 0), ("after", 1)])
def test_connections_are_dropped_before_or_after_the_effect(graph, drop, served):
    graph.emulator.fail(Fault(path="/users", drop=drop))
    with pytest.raises(httpx.TransportError):
        graph.send("/users")
    assert graph.emulator.metrics.requests == served


def test_bodies_are_truncated(graph):
    graph.emulator.fail(Fault(path="/users", truncate=10))
    with pytest.raises(httpx.TransportError):
        graph.send("/users")


def test_the_admin_address_changes_the_tenant_and_tells_the_truth(graph):
    admin = graph.emulator.admin_url
    made = graph.send(f"{admin}/verbs/create_user", "POST", json={"display_name": "Ada"}).json()["result"]
    assert [item["id"] for item in graph.all("/users")] == [made]
    truth = graph.get(f"{admin}/truth?skip_ad_groups=true")
    assert [row["id"] for row in truth["accounts"]] == [made]
    assert graph.send(f"{admin}/verbs/nothing", "POST").status_code == 404
    assert graph.send(f"{admin}/verbs/create_user", "POST", json={"nothing": 1}).status_code == 400


def test_the_admin_address_shows_and_sets_the_rest(graph):
    admin = graph.emulator.admin_url
    graph.send("/users")
    assert graph.get(f"{admin}/metrics")["operations"] == {"GET users": 1}
    assert graph.send(f"{admin}/metrics/reset", "POST").status_code == 204
    assert graph.get(f"{admin}/metrics")["requests"] == 0
    assert graph.send(f"{admin}/variants", "PATCH", json={"delta_page_size": 5}).json()["delta_page_size"] == 5
    assert graph.emulator.variants.delta_page_size == 5
    assert graph.send(f"{admin}/variants", "PATCH", json={"nothing": 5}).status_code == 400
    graph.send(f"{admin}/faults", "POST", json={"path": "/users", "status": 500, "times": 3})
    assert graph.send("/users").status_code == 500
    assert graph.send(f"{admin}/faults").json()[0]["times"] == 2
    assert graph.send(f"{admin}/faults", "DELETE").status_code == 204
    assert graph.send("/users").status_code == 200
    assert graph.send(f"{admin}/faults", "POST", json={"drop": "sometimes"}).status_code == 400


def test_the_command_serves_a_generated_tenant_until_it_is_stopped():
    command = [sys.executable, "-m", "emulators.graph", "--users", "30", "--seed", "7"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            info = json.loads(process.stdout.readline())
            assert info["base_url"].endswith("/v1.0")
            assert (
                httpx.get(
                    f"{info['admin_url']}/metrics", verify=ssl.create_default_context(cafile=info["ca_file"])
                ).status_code
                == 200
            )
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
