"""The triggers: what is registered, what it costs to import, and what people are told."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

import function_app
from connector.functions import full_sync, live, sync_requests
from connector.settings import known_settings
from connector.storage.names import CHANGES_QUEUE, OPERATIONS_QUEUE, POISON_SUFFIX, SYNC_QUEUE
from connector.sync.service import MOST_DELIVERIES

TOP = Path(__file__).parents[3]
HEAVY = ("duckdb", "msgraph", "kiota_http", "azure.storage", "azure.identity", "aiohttp", "httpx", "connector.sync")
TENANT = "0785ef7c-2d7a-4542-b048-95bcab406e0b"


def bindings() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for function in function_app.app.get_functions():
        trigger = function.get_trigger()
        assert trigger is not None
        found[str(function.get_function_name())] = trigger.get_dict_repr()
    return found


def user_function(module: Any, name: str) -> Any:
    app = func.FunctionApp()
    app.register_functions(module.blueprint)
    return next(one.get_user_function() for one in app.get_functions() if one.get_function_name() == name)


def call(
    module: Any, name: str, method: str = "GET", url: str = "/api", body: bytes = b"", **route: str
) -> tuple[int, dict[str, Any]]:
    request = func.HttpRequest(method=method, url=url, route_params=route, body=body)
    answer = user_function(module, name)(request)
    if asyncio.iscoroutine(answer):
        answer = asyncio.run(answer)
    return answer.status_code, json.loads(answer.get_body())


@pytest.fixture
def deployment(storage_account: str, monkeypatch: pytest.MonkeyPatch) -> str:
    values = {"ENTRA_TENANT_ID": TENANT, "ENTRA_CLIENT_ID": TENANT, "ENTRA_CLIENT_SECRET": "secret"}
    for name, value in (values | {"AzureWebJobsStorage": storage_account}).items():
        monkeypatch.setenv(name, value)
    return storage_account


def test_every_trigger_is_registered() -> None:
    found = bindings()

    assert {name: binding["type"] for name, binding in found.items()} == {
        "full_sync_timer": "timerTrigger",
        "retention_timer": "timerTrigger",
        "compaction_timer": "timerTrigger",
        "sync_step": "queueTrigger",
        "request_sync": "httpTrigger",
        "sync_status": "httpTrigger",
        "live": "httpTrigger",
        "health": "httpTrigger",
        "subscription_timer": "timerTrigger",
        "lifecycle_event": "queueTrigger",
        "notifications": "httpTrigger",
        "changes": "httpTrigger",
        "incremental_timer": "timerTrigger",
        "incremental_round": "queueTrigger",
        "request_operations": "httpTrigger",
        "list_operations": "httpTrigger",
        "read_operation": "httpTrigger",
        "cancel_operation": "httpTrigger",
        "retry_operation": "httpTrigger",
        "openapi": "httpTrigger",
        "provisioning": "queueTrigger",
        "provisioning_poison": "queueTrigger",
        "provisioning_timer": "timerTrigger",
        "connect": "httpTrigger",
        "connect_callback": "httpTrigger",
    }
    assert found["provisioning"]["queueName"] == OPERATIONS_QUEUE
    assert found["provisioning_poison"]["queueName"] == OPERATIONS_QUEUE + POISON_SUFFIX
    assert found["incremental_timer"]["schedule"] == "%INCREMENTAL_SCHEDULE%"
    assert found["incremental_round"]["queueName"] == CHANGES_QUEUE
    assert found["full_sync_timer"]["schedule"] == "%SYNC_SCHEDULE%"
    assert found["full_sync_timer"]["useMonitor"] is True
    assert found["full_sync_timer"]["runOnStartup"] is False
    assert (found["sync_step"]["queueName"], found["sync_step"]["connection"]) == (SYNC_QUEUE, "AzureWebJobsStorage")
    levels = {name: str(one["authLevel"].value).lower() for name, one in found.items() if one["type"] == "httpTrigger"}
    anonymous = {"live", "notifications", "connect", "connect_callback"}
    assert {name for name, level in levels.items() if level != "function"} == anonymous
    assert {levels[name] for name in anonymous} == {"anonymous"}


def test_importing_the_app_loads_nothing_heavy() -> None:
    code = f"import function_app, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_the_host_delivers_messages_as_the_connector_expects() -> None:
    queues = json.loads((TOP / "host.json").read_text())["extensions"]["queues"]

    assert (queues["messageEncoding"], queues["maxDequeueCount"]) == ("none", MOST_DELIVERIES)


def test_the_example_settings_show_every_setting_with_its_default() -> None:
    values = json.loads((TOP / "local.settings.example.json").read_text())["Values"]

    assert values.pop("FUNCTIONS_WORKER_RUNTIME") == "python"
    assert values.pop("AzureWebJobsStorage") == "UseDevelopmentStorage=true"
    assert values == {
        setting.name: setting.default or "" for setting in known_settings() if setting.name != "AzureWebJobsStorage"
    }


def test_live_says_only_that_it_lives() -> None:
    assert call(live, "live") == (200, {"status": "live"})


def test_a_request_starts_a_sync_and_says_where_to_look(deployment: str) -> None:
    with BlobServiceClient.from_connection_string(deployment) as service:
        service.create_container("entra")

    status, body = call(sync_requests, "request_sync", "POST", "https://app.example/api/sync?code=key")
    again, joined = call(sync_requests, "request_sync", "POST", "https://app.example/api/sync")
    found, progress = call(sync_requests, "sync_status", id=body["sync_id"])

    assert (status, again, found) == (202, 202, 200)
    assert body["status_url"] == f"https://app.example/api/sync/{body['sync_id']}"
    assert (joined["sync_id"], joined["joined"]) == (body["sync_id"], True)
    assert (progress["sync_id"], progress["state"]) == (body["sync_id"], "queued")
    with QueueServiceClient.from_connection_string(deployment) as queues:
        messages = [message.content for message in queues.get_queue_client(SYNC_QUEUE).receive_messages()]
    assert [json.loads(message)["unit"] for message in messages] == ["start"]


def test_shrinking_is_accepted_by_a_new_sync_only(deployment: str) -> None:
    with BlobServiceClient.from_connection_string(deployment) as service:
        service.create_container("entra")
    body = b'{"accept_shrinking": ["groups", "memberships"]}'

    status, asked = call(sync_requests, "request_sync", "POST", "https://app.example/api/sync", body)
    again, refused = call(sync_requests, "request_sync", "POST", "https://app.example/api/sync", body)

    assert (status, again) == (202, 409)
    assert asked["sync_id"] in refused["error"]["message"]
    with BlobServiceClient.from_connection_string(deployment) as service:
        marker = service.get_blob_client("entra", f"{TENANT}/syncs/running.json").download_blob().readall()
    assert json.loads(marker)["accept_shrinking"] == ["groups", "memberships"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "JSON"),
        (b"[]", "object"),
        (b"[" * 100_000, "nested|JSON"),
        (b'{"accept": []}', "accept_shrinking"),
        (b'{"accept_shrinking": "groups"}', "list"),
        (b'{"accept_shrinking": [1]}', "list"),
        (b'{"accept_shrinking": ["gruops"]}', "gruops"),
    ],
)
def test_a_body_that_is_not_understood_is_refused(deployment: str, body: bytes, says: str) -> None:
    status, answered = call(sync_requests, "request_sync", "POST", "https://app.example/api/sync", body)

    assert status == 400
    assert re.search(says, answered["error"]["message"])
    assert answered["error"]["advice"]


@pytest.mark.parametrize("sync_id", ["20261123T004500Z-1a2b3c4d", "../../current", ""])
def test_an_unknown_sync_is_not_found(deployment: str, sync_id: str) -> None:
    with BlobServiceClient.from_connection_string(deployment) as service:
        service.create_container("entra")

    assert call(sync_requests, "sync_status", id=sync_id)[0] == 404


def test_a_missing_container_is_said_to_the_caller(deployment: str) -> None:
    status, body = call(sync_requests, "request_sync", "POST")

    assert status == 503
    assert "az storage container create" in body["error"]["advice"]


def test_wrong_settings_are_all_said_at_once(deployment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENTRA_TENANT_ID", "contoso")
    monkeypatch.delenv("ENTRA_CLIENT_SECRET")

    status, body = call(sync_requests, "request_sync", "POST")

    assert status == 500
    assert len(body["error"]["problems"]) == 2


def test_a_step_with_wrong_settings_logs_every_problem(
    deployment: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ENTRA_TENANT_ID", "contoso")
    monkeypatch.setenv("STEP_BUDGET_SECONDS", "soon")

    with pytest.raises(Exception, match="STEP_BUDGET_SECONDS"):
        asyncio.run(user_function(full_sync, "sync_step")(func.QueueMessage(body=b"{}")))

    ours = [record.message for record in caplog.records if record.name.startswith("connector")]
    assert [json.loads(line)["event"] for line in ours] == ["setting_wrong"] * 2
