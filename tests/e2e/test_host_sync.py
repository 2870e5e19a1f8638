"""The whole product as Azure runs it: the Functions host, real queues and blobs, TLS, and the tenant at the other end."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from emulators.functions import FunctionsHost
from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate
from tests.support.deployments import Deployment, deploy

APP = Path(__file__).parents[2]
PATIENCE = 90  # seconds
FINAL = {"published", "failed", "superseded"}


@contextmanager
def hosted(deployment: Deployment, **changes: str) -> Iterator[FunctionsHost]:
    with FunctionsHost(APP, {**deployment.environment, **changes}, max_polling_ms=100) as host:
        yield host


def call(host: FunctionsHost, method: str, url: str) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(url, method=method, headers={"x-functions-key": host.host_key})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read() or b"{}")


def sync_to_its_end(host: FunctionsHost) -> dict[str, Any]:
    status, asked = call(host, "POST", f"{host.url}/api/sync")
    assert status == 202, asked
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        status, progress = call(host, "GET", asked["status_url"])
        if status == 200 and progress["state"] in FINAL:
            return progress
        time.sleep(0.1)
    pytest.fail("the sync did not end:\n" + "\n".join(host.logs()[-30:]))


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {
            "SKIP_AD_GROUPS": "true",
            "SKIP_UNASSIGNED_APPS": "true",
            "SIGN_IN_ACTIVITY": "true",
            "MAILBOX_PURPOSE": "true",
        },
    ],
    ids=["defaults", "all switched"],
)
def test_a_sync_asked_for_over_http_publishes_the_truth(switches, storage_account, tmp_path):
    with GraphEmulator(generate(users=200, seed=21)) as graph:
        deployment = deploy(graph, storage_account, switches)
        with hosted(deployment) as host:
            end = sync_to_its_end(host)
            _, picture = deployment.snapshot(tmp_path)

    assert end["state"] == "published"
    assert deployment.untruths(picture) == []


def test_the_timer_starts_a_sync_and_a_second_one_sees_what_changed(storage_account, tmp_path):
    tenant = generate(users=60, seed=22)
    with GraphEmulator(tenant) as graph:
        deployment = deploy(graph, storage_account)
        with hosted(deployment) as host:
            host.invoke_timer("full_sync_timer")
            first = sync_to_its_end(host)  # joins the one that the timer asked for, or follows it
            newcomer = tenant.create_user("Maria Nováková")
            tenant.delete_user(next(row["id"] for row in deployment.truth()["accounts"] if row["id"] != newcomer))
            second = sync_to_its_end(host)
            _, picture = deployment.snapshot(tmp_path)

    assert first["snapshot_id"] < second["snapshot_id"]
    assert newcomer in {account["id"] for account in picture["accounts"]}
    assert deployment.untruths(picture) == []


def test_steps_that_run_out_of_time_hand_over_and_the_result_is_the_same(storage_account, tmp_path):
    with GraphEmulator(generate(users=1500, seed=23), latency_ms=150) as graph:
        deployment = deploy(graph, storage_account)
        with hosted(deployment, STEP_BUDGET_SECONDS="1") as host:
            sync_to_its_end(host)
            _, picture = deployment.snapshot(tmp_path)

    assert deployment.untruths(picture) == []


@pytest.mark.parametrize(
    ("setting", "value", "says", "advises"),
    [
        ("ENTRA_CLIENT_SECRET", "mistyped-secret", "AADSTS7000215", "ENTRA_CLIENT_SECRET"),
        ("ENTRA_CLIENT_ID", "11111111-2222-3333-4444-555555555555", "AADSTS700016", "ENTRA_CLIENT_ID"),
        ("ENTRA_TENANT_ID", "99999999-8888-7777-6666-555555555555", "AADSTS90002", "ENTRA_TENANT_ID"),
    ],
)
def test_a_refused_sign_in_is_told_with_microsofts_code_and_our_advice(setting, value, says, advises, storage_account):
    with GraphEmulator(generate(users=5, seed=24)) as graph:
        deployment = deploy(graph, storage_account)
        with hosted(deployment, **{setting: value}) as host:
            end = sync_to_its_end(host)
        told = json.dumps(end) + "\n".join(host.logs())

    assert end["state"] == "failed"
    assert says in end["failure"]["sentence"]
    assert advises in end["failure"]["advice"]
    assert deployment.environment["ENTRA_CLIENT_SECRET"] not in told
    assert "mistyped-secret" not in told


def test_consent_that_was_not_given_is_told_with_what_to_do(storage_account):
    tenant = generate(users=5, seed=25)
    tenant.set_fact("permissions", "[]")
    with GraphEmulator(tenant) as graph:
        deployment = deploy(graph, storage_account)
        with hosted(deployment) as host:
            end = sync_to_its_end(host)

    assert end["state"] == "failed"
    assert "Authorization_RequestDenied" in end["failure"]["sentence"]
    assert "consent" in end["failure"]["advice"].lower()


def test_wrong_settings_are_told_all_at_once(storage_account):
    with GraphEmulator(generate(users=0, seed=26)) as graph:
        deployment = deploy(graph, storage_account)
        with hosted(deployment, ENTRA_TENANT_ID="contoso", SKIP_AD_GROUPS="maybe") as host:
            status, body = call(host, "POST", f"{host.url}/api/sync")

    assert status == 500
    assert [problem.split()[0] for problem in body["error"]["problems"]] == ["ENTRA_TENANT_ID", "SKIP_AD_GROUPS"]


def test_a_missing_container_is_said_plainly_and_nothing_is_asked_of_graph(storage_account):
    with GraphEmulator(generate(users=0, seed=27)) as graph:
        deployment = deploy(graph, storage_account)
        with hosted(deployment, STORAGE_CONTAINER="elsewhere") as host:
            status, body = call(host, "POST", f"{host.url}/api/sync")

        assert graph.metrics.requests == 0
    assert status == 503
    assert "elsewhere" in body["error"]["message"]
    assert "az storage container create" in body["error"]["advice"]


def test_what_graph_says_in_new_words_is_kept_or_ignored(storage_account, tmp_path):
    """Unknown enum values are kept as they are, unknown properties ignored; neither stops a sync."""
    tenant = generate(users=20, seed=28)
    user, group = (
        next(row["id"] for row in tenant_rows) for tenant_rows in (_rows(tenant, "user"), _rows(tenant, "group"))
    )
    tenant.update_user(user, {"userType": "Robot", "quantumState": {"spin": [1, 2]}, "creationType": "Teleported"})
    tenant.update_group(group, {"visibility": "Translucent", "membershipRuleProcessingState": "Dreaming", "isNew": 3})
    with GraphEmulator(tenant) as graph:
        deployment = deploy(graph, storage_account)
        with hosted(deployment) as host:
            end = sync_to_its_end(host)
            _, picture = deployment.snapshot(tmp_path)

    assert end["state"] == "published"
    assert {row["user_type"] for row in picture["accounts"] if row["id"] == user} == {"Robot"}
    assert {row["visibility"] for row in picture["groups"] if row["id"] == group} == {"Translucent"}
    assert deployment.untruths(picture) == []


def _rows(tenant: Any, kind: str) -> list[dict[str, Any]]:
    found = tenant.db.execute("SELECT id FROM objects WHERE type = ? AND deleted IS NULL ORDER BY key", (kind,))
    return [{"id": row[0]} for row in found]
