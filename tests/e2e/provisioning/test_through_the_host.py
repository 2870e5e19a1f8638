"""Grants and revokes as Azure runs them: asked for over HTTP, or on the queue, done by the trigger, woken by the timer."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

import pytest
from azure.storage.queue import QueueClient

from emulators.functions import FunctionsHost
from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate
from tests.e2e.test_host_sync import APP
from tests.support.deployments import deploy

PATIENCE = 60  # seconds
ENDED = {"succeeded", "refused", "failed", "cancelled", "dead_lettered"}


def call(host: FunctionsHost, method: str, path: str, body: Any = None) -> Any:
    data = json.dumps(body).encode() if body is not None else None
    headers = {"x-functions-key": host.host_key, "Content-Type": "application/json"}
    url = path if path.startswith("http") else f"{host.url}{path}"
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def listed(host: FunctionsHost) -> list[dict[str, Any]]:
    found = call(host, "GET", "/api/operations")
    operations = found if isinstance(found, list) else found["operations"]
    return [dict(one) for one in operations]


def ended(host: FunctionsHost, number: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = listed(host)
        if len(found) == number and all(one["status"] in ENDED for one in found):
            return found
        time.sleep(0.1)
    pytest.fail("they did not end:\n" + "\n".join(host.logs()[-30:]))


def test_over_http_from_the_queue_and_by_the_timer(storage_account: str) -> None:
    with GraphEmulator(generate(users=0, seed=4)) as graph:
        tenant = graph.tenant
        group, anna, bert, carl = tenant.create_group("Team"), *(tenant.create_user(name) for name in "ABC")
        deployment = deploy(graph, storage_account)

        def request(principal: str) -> dict[str, str]:
            entitlement = f"group:{group}:member"
            return {"action": "grant", "entitlement": entitlement, "principal": principal, "justification": "New"}

        queue = QueueClient.from_connection_string(storage_account, "entra-operations")
        environment = {**deployment.environment, "PROVISIONING_ENABLED": "true"}
        with FunctionsHost(APP, environment, max_polling_ms=100) as host:
            call(host, "POST", "/api/operations", request(anna))
            ended(host, 1)
            queue.send_message(json.dumps(request(bert)))
            ended(host, 2)
            queue.send_message("{}")  # is put aside, and in nobody's way
            call(host, "POST", "/api/operations", request(carl))
            found = ended(host, 3)
            host.invoke_timer("provisioning_timer")

        assert {one["result"] for one in found} == {"granted"}
        assert {row["principal_id"] for row in deployment.truth()["grants"]} >= {anna, bert, carl}
