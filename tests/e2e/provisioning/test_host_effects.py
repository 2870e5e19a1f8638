"""On the Functions host: what an operation brings about is a line of the journal, and what is given up is an alert and a record."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.storage.queue import QueueClient
from msgspec.structs import replace

from connector.provisioning.asking.lines import take_places
from connector.storage import open_store
from connector.storage.names import line_name
from connector.storage.records import Status
from connector.sync.local import run_full_sync
from emulators.functions import FunctionsHost
from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate
from tests.e2e.provisioning.test_through_the_host import PATIENCE, call, ended
from tests.e2e.test_host_sync import APP
from tests.support.deployments import Deployment, deploy
from tests.support.operated import bundle_of, operation


@dataclass(frozen=True)
class Hosted:
    """A deployment on a host, whose tenant has been read once."""

    host: FunctionsHost
    deployment: Deployment
    storage: str

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The log lines of an event."""
        lines = [line[line.index("{") :] for line in self.host.logs() if f'"event": "{event}"' in line]
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def hosted(new_storage_account) -> Iterator[Hosted]:
    storage = new_storage_account()
    with GraphEmulator(generate(users=0, seed=4)) as graph:
        for name in ("Team", "Crew"):
            graph.tenant.create_group(name)
        graph.tenant.create_user("Anna")
        deployment = deploy(graph, storage)
        asyncio.run(run_full_sync(deployment.settings))
        environment = {**deployment.environment, "PROVISIONING_ENABLED": "true"}
        with FunctionsHost(APP, environment, max_polling_ms=100) as host:
            yield Hosted(host, deployment, storage)


def _row(deployment: Deployment, table: str, name: str) -> str:
    return next(str(row["id"]) for row in deployment.truth()[table] if row["display_name"] == name)


async def _journal_head(deployment: Deployment) -> int:
    async with open_store(deployment.settings) as store:
        held = await store.current()
        assert held is not None
        return held.record.journal_head


def grants_changed(host: FunctionsHost, after: int) -> list[dict[str, Any]]:
    """Changes of grants since; an operation has ended a moment before its effect is in the journal."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        changes = call(host, "GET", f"/api/changes?after={after}&limit=100")["changes"]
        if found := [dict(one) for one in changes if one["table"] == "grants"]:
            return found
        time.sleep(0.1)
    pytest.fail("nothing has come into the journal:\n" + "\n".join(host.logs()[-30:]))


def test_what_it_brings_about_is_in_the_journal_before_any_round(hosted: Hosted) -> None:
    group, anna = _row(hosted.deployment, "groups", "Team"), _row(hosted.deployment, "accounts", "Anna")
    entitlement = f"group:{group}:member"
    asked = {"action": "grant", "entitlement": entitlement, "principal": anna, "justification": "Is new"}
    before = asyncio.run(_journal_head(hosted.deployment))
    call(hosted.host, "POST", "/api/operations", asked)
    [one] = ended(hosted.host, 1)
    assert (one["status"], one["result"]) == ("succeeded", "granted")

    [change] = grants_changed(hosted.host, before)
    assert (change["key"], change["cause"]) == ([f"{entitlement}|{anna}"], "operation")
    assert change["operations"] == [one["id"]]


def test_what_is_given_up_is_a_record_and_an_alert_and_can_be_revived(hosted: Hosted) -> None:
    """A line whose message is poison, because an operation in it has brought the process down too often."""
    group, anna = _row(hosted.deployment, "groups", "Crew"), _row(hosted.deployment, "accounts", "Anna")
    made = operation(events=1, at=datetime.now(UTC))
    wanted = replace(made.wanted, entitlement=f"group:{group}:member", principal=anna)
    fatal = replace(made, wanted=wanted, status=Status.RUNNING, died=4, principal_id=anna, principal_kind="account")
    line = line_name(wanted.entitlement)

    async def left_behind() -> None:
        async with open_store(hosted.deployment.settings) as store:
            await store.operations.create_bundle(bundle_of(fatal))
            await take_places(store.operations, wanted.entitlement, [bundle_of(fatal).id], datetime.now(UTC))

    asyncio.run(left_behind())
    poison = QueueClient.from_connection_string(hosted.storage, "entra-operations-poison")
    poison.send_message(json.dumps({"line": line}))
    ended(hosted.host, len(call(hosted.host, "GET", "/api/operations")["operations"]))
    one = call(hosted.host, "GET", f"/api/operations/{fatal.id}")
    assert (one["status"], one["problem"]["code"]) == ("dead_lettered", "dead_lettered")
    [told] = hosted.logged("operation_dead_lettered")
    assert told["operation"] == fatal.id

    call(hosted.host, "POST", f"/api/operations/{fatal.id}/retry")
    ended(hosted.host, len(call(hosted.host, "GET", "/api/operations")["operations"]))
    assert call(hosted.host, "GET", f"/api/operations/{fatal.id}")["result"] == "granted"
