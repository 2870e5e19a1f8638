"""Change notifications through the Functions host: from the handshake to the message, and whoever else knows the address."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from connector.functions import rounds
from connector.storage.names import CHANGES_QUEUE
from emulators.functions import FunctionsHost
from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate
from tests.support.deployments import Deployment, deploy

APP = Path(__file__).parents[2]
PATIENCE = 60  # seconds
SCRIPT = "<script>alert(1)</script>"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Hosted:
    """A subscribed deployment. Its rounds are switched off, so that their messages can be looked at."""

    graph: GraphEmulator
    host: FunctionsHost
    deployment: Deployment
    taken_at: datetime = datetime.min.replace(tzinfo=UTC)

    def post(
        self, body: Any, channel: str = "changes", kind: str | None = "application/json", query: str = ""
    ) -> tuple[int, dict[str, str], bytes]:
        """Post as anybody may. A body that is no bytes is JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.host.url}/api/notifications/{channel}{query}", data=data, method="POST"
        )
        request.add_header("Content-Type", kind or "")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, _lowered(answer.headers), answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, _lowered(refused.headers), refused.read()

    def genuine(self, **changes: Any) -> dict[str, Any]:
        """An item as Graph would send it, but for ``changes``."""
        one = self.living()[0]
        item = {"subscriptionId": one["id"], "clientState": one["clientState"], "tenantId": self.graph.tenant.id}
        return {**item, "changeType": "updated", "resource": "Users/x", **changes}

    def living(self) -> list[dict[str, Any]]:
        return [one.shown() for one in self.graph.notifications.registry.living()]

    def wakes(self) -> list[dict[str, Any]]:
        """Takes the messages that ask for rounds, of what was seen since they were last taken: on a slow machine, one may still come later."""
        since, self.taken_at = self.taken_at, datetime.now(UTC)
        with QueueServiceClient.from_connection_string(self.deployment.environment["AzureWebJobsStorage"]) as service:
            client = service.get_queue_client(CHANGES_QUEUE)
            found = list(client.receive_messages(max_messages=32))
            for message in found:
                client.delete_message(message)
        wakes = (json.loads(message.content) for message in found)
        return [one for one in wakes if datetime.fromisoformat(one["seen_at"]) >= since]

    def logged(self) -> str:
        return "\n".join(self.host.logs())


def _lowered(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def without_rounds() -> dict[str, str]:
    """Settings that switch off whatever takes the messages that ask for rounds."""
    app = func.FunctionApp()  # one of its own: an app tells its functions once
    app.register_functions(rounds.blueprint)
    triggers = {one.get_function_name(): one.get_trigger() for one in app.get_functions()}
    taking = [
        name
        for name, trigger in triggers.items()
        if trigger and trigger.get_dict_repr().get("queueName") == CHANGES_QUEUE
    ]
    assert taking
    return {f"AzureWebJobs.{name}.Disabled": "true" for name in taking}


def eventually(what: Callable[[], Any], why: Callable[[], str]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := what()):
        if time.monotonic() > deadline:
            pytest.fail(why())
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def hosted(new_storage_account: Callable[[], str]) -> Iterator[Hosted]:
    with GraphEmulator(generate(users=2, seed=31)) as graph:
        deployment = deploy(graph, new_storage_account())
        with QueueServiceClient.from_connection_string(deployment.environment["AzureWebJobsStorage"]) as service:
            service.create_queue(CHANGES_QUEUE)
        port = free_port()
        environment = {
            **deployment.environment,
            "NOTIFICATION_URL": f"http://127.0.0.1:{port}",
            **without_rounds(),
        }
        with FunctionsHost(APP, environment, port=port, max_polling_ms=50) as host:
            host.invoke_timer("subscription_timer")
            it = Hosted(graph, host, deployment)
            eventually(lambda: len(it.living()) == 2, it.logged)
            eventually(lambda: "subscriptions_checked" in it.logged(), it.logged)
            yield it


def test_the_first_tick_of_the_timer_subscribes_and_a_change_asks_for_a_round(hosted: Hosted) -> None:
    hosted.wakes()
    hosted.graph.tenant.create_group("Team")
    hosted.graph.notifications.drain()

    (wake,) = hosted.wakes()
    assert (wake["lane"], wake["cause"], wake["kinds"]) == ("directory", "notification", ["groups"])
    assert hosted.graph.notifications.counts["delivered"] >= 1


def test_a_reminder_of_graph_is_followed(hosted: Hosted) -> None:
    one = hosted.graph.notifications.registry.living()[0]
    before = one.token_expires_at
    hosted.graph.clock.advance(60)
    hosted.graph.notifications.remind(one.id)
    hosted.graph.notifications.drain()

    eventually(lambda: one.token_expires_at > before, hosted.logged)


def test_a_hundred_in_a_body_and_the_same_again_ask_for_few_rounds(hosted: Hosted) -> None:
    hosted.wakes()
    body = {"value": [hosted.genuine()] * 100}

    assert [hosted.post(body)[0] for _ in range(3)] == [202] * 3
    assert 1 <= len(hosted.wakes()) <= 3


@pytest.mark.parametrize(
    ("changes", "counted"),
    [
        ({"clientState": "wrong"}, '"forged": 1'),
        ({"clientState": None}, '"forged": 1'),
        ({"subscriptionId": "11111111-2222-3333-4444-555555555555"}, '"unknown": 1'),
        ({"tenantId": "99999999-8888-7777-6666-555555555555"}, '"other_tenant": 1'),
    ],
)
def test_forgeries_are_dropped_and_counted_and_told_nothing(hosted: Hosted, changes: Any, counted: str) -> None:
    hosted.wakes()
    status, _, said = hosted.post({"value": [hosted.genuine(**changes)]})

    assert (status, said) == (202, b"")
    assert hosted.wakes() == []
    eventually(lambda: counted in hosted.logged(), hosted.logged)


def test_good_ones_among_forgeries_and_rubbish_count(hosted: Hosted) -> None:
    hosted.wakes()
    items = [3, hosted.genuine(clientState="wrong"), {"subscriptionId": {}}, hosted.genuine(), None]

    assert hosted.post({"value": items})[0] == 202
    assert len(hosted.wakes()) == 1


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe{}", "application/json", 400),
        (b'{"value":[' + b"[" * 200_000, "application/json", 400),
        (b" " * (4 * 1024 * 1024 + 1), "application/json", 413),
        (json.dumps({"value": [{}] * 1001}).encode(), "application/json", 413),
        (b'{"value":[]}', "text/plain", 415),
        (b"", "application/json", 400),
    ],
    ids=["no json", "no text", "nested", "long", "many", "type", "empty"],
)
def test_what_is_no_body_of_notifications_is_refused(hosted: Hosted, body: bytes, kind: str, status: int) -> None:
    refused, _, said = hosted.post(body, kind=kind)

    assert (refused, said) == (status, b"")


@pytest.mark.parametrize("channel", ["other", "changes/more", "..%2fchanges"])
def test_there_are_two_channels(hosted: Hosted, channel: str) -> None:
    assert hosted.post({"value": []}, channel=channel)[0] == 404


@pytest.mark.parametrize("channel", ["changes", "lifecycle"])
def test_the_handshake_gives_the_token_back_as_text_that_no_browser_runs(hosted: Hosted, channel: str) -> None:
    token = urllib.parse.quote(f"A token: 100%25 {SCRIPT}", safe="")
    status, headers, said = hosted.post(b"", channel=channel, kind="text/plain", query=f"?validationToken={token}")

    assert status == 200
    assert headers["content-type"].lower().replace(" ", "") == "text/plain;charset=utf-8"
    assert headers["x-content-type-options"] == "nosniff"
    assert said == b"A token: 100%25 &lt;script&gt;alert(1)&lt;/script&gt;"


@pytest.mark.parametrize("token", ["", "x" * 2000, "%0d%0aSet-Cookie:a", "%00"])
def test_a_token_that_is_none_gets_nothing_back(hosted: Hosted, token: str) -> None:
    status, headers, said = hosted.post(b"", kind="text/plain", query=f"?validationToken={token}")

    assert (status, said) == (400, b"")
    assert "set-cookie" not in headers


def test_a_flood_of_forgeries_does_not_keep_the_genuine_out_and_leaves_storage_alone(hosted: Hosted) -> None:
    hosted.wakes()
    forged = {"value": [hosted.genuine(subscriptionId=f"forged-{number}") for number in range(100)]}
    with ThreadPoolExecutor(8) as crowd:
        flood = [crowd.submit(hosted.post, forged) for _ in range(80)]
        real = hosted.post({"value": [hosted.genuine()]})[0]
        statuses = {one.result()[0] for one in flood}

    assert (real, statuses) == (202, {202})
    assert len(hosted.wakes()) == 1


def test_no_secret_and_nothing_of_a_body_is_in_the_log(hosted: Hosted) -> None:
    hosted.post({"value": [hosted.genuine(clientState="a-secret-of-somebody")]})
    hosted.post(b"", kind="text/plain", query="?validationToken=a-token-of-somebody")
    told = hosted.logged()

    assert "a-secret-of-somebody" not in told
    assert "a-token-of-somebody" not in told
    assert not any(one["clientState"] in told for one in hosted.living())
    assert hosted.deployment.environment["ENTRA_CLIENT_SECRET"] not in told


_FRESH = """
import asyncio, json, sys
import azure.functions as func
import function_app
run = next(f for f in function_app.app.get_functions() if f.get_function_name() == "notifications").get_user_function()
async def main():
    request = lambda **more: func.HttpRequest(method="POST", url="/", route_params={"channel": "changes"},
        headers={"content-type": "application/json"}, **more)
    statuses = []
    for more in ({"body": b"", "params": {"validationToken": "x"}}, {"body": b'{"value": []}'}, {"body": BODY}):
        statuses.append((await run(request(**more))).status_code)
    from connector.functions import notifications
    await notifications._receiver().close()
    print(json.dumps([statuses, sorted(name for name in sys.modules if name.count(".") < 2)]))
asyncio.run(main())
"""


def test_a_fresh_process_answers_without_loading_what_is_heavy(hosted: Hosted) -> None:
    hosted.wakes()
    body = json.dumps({"value": [hosted.genuine()]}).encode()
    environment = {**os.environ, **hosted.deployment.environment}
    done = subprocess.run(
        [sys.executable, "-c", _FRESH.replace("BODY", repr(body))],
        cwd=APP,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    statuses, modules = json.loads(done.stdout.splitlines()[-1])

    assert statuses == [200, 202, 202]
    heavy = (
        "duckdb",
        "msgraph",
        "msgraph_core",
        "kiota_http",
        "httpx",
        "azure.identity",
        "connector.sync",
        "connector.graph",
    )
    assert [name for name in heavy if name in modules] == []
    assert len(hosted.wakes()) == 1


def test_when_storage_does_not_answer_graph_is_asked_to_try_again(new_storage_account: Callable[[], str]) -> None:
    with GraphEmulator(generate(users=0, seed=32)) as graph:
        deployment = deploy(graph, new_storage_account())
        with BlobServiceClient.from_connection_string(deployment.environment["AzureWebJobsStorage"]) as service:
            service.delete_container(deployment.settings.container)
        with FunctionsHost(APP, deployment.environment, max_polling_ms=100) as host:
            it = Hosted(graph, host, deployment)
            began = time.monotonic()
            status, headers, said = it.post({"value": [{"subscriptionId": "s", "tenantId": graph.tenant.id}]})

            assert (status, said) == (503, b"")
            assert int(headers["retry-after"]) > 0
            assert time.monotonic() - began < 10  # after which Graph counts it as slow
