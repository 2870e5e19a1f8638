"""What other connectors have been seen to get wrong. Each test is named after the failure that does not happen here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from azure.storage.queue import QueueClient
from typer.testing import CliRunner

from connector.cli.app import app
from connector.storage import SyncState, open_store
from connector.storage.names import SYNC_QUEUE
from connector.sync.service import Worker, request_sync
from emulators.graph import Fault, GraphEmulator, Variants
from emulators.graph.tenant.generator import generate
from emulators.graph.tenant.tenant import Tenant
from tests.support.deployments import Deployment, deploy
from tests.support.haste import in_haste
from tests.support.outcomes import Outcome, sync

FOR_EVER = 100_000
"""More calls than a sync makes."""
EXPANDED_AT_MOST = 20
"""Objects that ``$expand`` gives."""

Run = Callable[..., Outcome]


@pytest.fixture(scope="module")
def tenant() -> Iterator[Tenant]:
    """A tenant with one of everything that gets lost."""
    with_everything = generate(users=40, groups=30, apps=8, seed=23)
    yield with_everything
    with_everything.close()


@pytest.fixture
def run(tenant: Tenant, storage_account: str, tmp_path: Path) -> Run:
    """``run(*faults, **variants)``: the outcome of a first sync of the tenant behind a Graph that behaves so."""

    def first_sync(*faults: Fault, **variants: Any) -> Outcome:
        with GraphEmulator(tenant, variants=Variants(**variants)) as graph, in_haste():
            return sync(deploy(graph, storage_account), tmp_path, *faults)

    return first_sync


def grants(outcome: Outcome, *, of: str = "", entitlement: str = "", principal: str = "") -> list[dict[str, Any]]:
    """The grants that the snapshot holds, of a kind of resource, an entitlement's name and a kind of principal."""
    return [
        dict(row)
        for row in outcome.picture["grants"]
        if of in ("", row["resource_kind"])
        and row["entitlement_id"].endswith(entitlement)
        and principal in ("", row["principal_kind"])
    ]


def assert_true_and_complete(outcome: Outcome) -> None:
    assert outcome.untruths == []
    assert outcome.manifest.incomplete == {}


def test_members_lost_on_a_short_page(run: Run) -> None:
    outcome = run(short_pages=True, delta_page_size=3, delta_slice_size=4)
    assert_true_and_complete(outcome)
    assert max(row["user_members"] for row in outcome.picture["groups"]) > 4


def test_members_lost_on_an_empty_page(run: Run) -> None:
    outcome = run(empty_first_page=True, empty_pages=True, empty_last_page=True, delta_slice_size=4)
    assert_true_and_complete(outcome)
    assert max(row["user_members"] for row in outcome.picture["groups"]) > 4


def test_members_lost_on_an_empty_page_that_claims_to_be_the_last(run: Run) -> None:
    nothing: dict[str, Any] = {"value": []}
    assert_true_and_complete(run(Fault(path="groups/delta", status=200, body=nothing, skip=8)))


def test_owners_beyond_what_expand_gives_lost(run: Run) -> None:
    outcome = run()
    assert_true_and_complete(outcome)
    owned = [row["resource_id"] for row in grants(outcome, of="enterprise_application", entitlement=":owner")]
    assert max(map(owned.count, owned)) > EXPANDED_AT_MOST


def test_service_principals_in_groups_lost(run: Run) -> None:
    outcome = run(delta_includes_service_principals=False, members_hide_service_principals=True)
    assert_true_and_complete(outcome)
    assert grants(outcome, of="group", entitlement=":member", principal="service_principal")
    assert grants(outcome, of="group", entitlement=":owner", principal="service_principal")


def test_the_scope_of_an_administrative_unit_flattened_to_the_tenant(run: Run) -> None:
    outcome = run()
    assert_true_and_complete(outcome)
    scoped = [row for row in grants(outcome, of="directory_role") if row["scope"].startswith("/administrativeUnits/")]
    assert {row["scope_kind"] for row in scoped} == {"administrative_unit"}
    assert all(row["scope_name"] and row["scope"] in row["id"] for row in scoped)


def test_owners_of_applications_never_read(run: Run) -> None:
    outcome = run()
    assert_true_and_complete(outcome)
    owners = {row["principal_kind"] for row in grants(outcome, of="enterprise_application", entitlement=":owner")}
    assert owners == {"account", "service_principal"}


@pytest.mark.parametrize("path", ["/users", "groups/delta", "appRoleAssignedTo", "skiptoken"])
def test_a_missing_retry_after_ending_a_list_silently(path: str, run: Run) -> None:
    outcome = run(
        Fault(path=path, skip=1, times=2, status=429), retry_after=False, short_pages=True, delta_slice_size=4
    )
    assert_true_and_complete(outcome)
    assert outcome.manifest.traffic.throttled


def test_the_first_429_killing_the_run(run: Run) -> None:
    outcome = run(Fault(times=12, status=429, retry_after=0, path="/v1.0/"))
    assert_true_and_complete(outcome)
    assert outcome.manifest.traffic.throttled


@pytest.mark.parametrize(
    ("path", "kind", "lost"),
    [
        (r"/v1.0/users\?", "accounts", {"accounts", "grants", "inherited_grants"}),
        ("roleAssignments", "role_assignments", {"grants", "inherited_grants"}),
        ("subscribedSkus", "licenses", {"licenses", "entitlements", "grants"}),
    ],
)
def test_one_403_aborting_everything(path: str, kind: str, lost: set[str], run: Run) -> None:
    outcome = run(Fault(path=path, times=FOR_EVER, status=403, code="Authorization_RequestDenied"))
    assert kind in outcome.manifest.incomplete
    assert "permission" in outcome.manifest.incomplete[kind]
    for table in ("accounts", "groups", "enterprise_applications", "directory_roles", "licenses", "grants"):
        assert outcome.surplus(table) == set()
        if table not in lost:
            assert outcome.missing(table) == set()
    assert outcome.picture["groups"]


def take_steps(deployment: Deployment, sync_id: str) -> None:
    """Take messages as the Functions host would, each with a second to work, until the sync has ended."""
    hurried = replace(deployment.settings, step_budget=1)
    with QueueClient.from_connection_string(deployment.settings.storage, SYNC_QUEUE) as queue:
        while not asyncio.run(ended(deployment, sync_id)):
            for message in queue.receive_messages(visibility_timeout=60):
                asyncio.run(Worker().run_step(hurried, message.content, delivery=message.dequeue_count or 1))
                queue.delete_message(message)


async def ended(deployment: Deployment, sync_id: str) -> SyncState | None:
    async with open_store(deployment.settings) as store:
        held = await store.sync(sync_id)
    return held.record.state if held is not None and held.record.state.final else None


def test_a_crash_on_resume(tenant: Tenant, storage_account: str, tmp_path: Path) -> None:
    """Told in the middle of a list to come back later than a step may wait, another step goes on in its place."""
    with GraphEmulator(tenant, variants=Variants(short_pages=True, delta_slice_size=4, delta_page_size=3)) as graph:
        deployment = deploy(graph, storage_account)
        for path in (r"skiptoken", r"groups/delta.*skiptoken", "appRoleAssignedTo"):
            graph.fail(Fault(path=path, skip=1, status=429, retry_after=2))
        sync_id = asyncio.run(request_sync(deployment.settings)).sync_id
        take_steps(deployment, sync_id)
        manifest, picture = deployment.snapshot(tmp_path)
        assert deployment.untruths(picture) == []
        assert manifest.incomplete == {}
        assert not graph.faults.waiting()


def test_exit_0_after_losing_the_members_of_a_group(
    tenant: Tenant, storage_account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    group = tenant.db.execute("SELECT id FROM objects WHERE type = 'group' AND deleted IS NULL LIMIT 1").fetchone()[0]
    with GraphEmulator(tenant) as graph, in_haste():
        deployment = deploy(graph, storage_account)
        graph.fail(Fault(path=f"groups/delta.*{group}", times=FOR_EVER, status=403, code="Authorization_RequestDenied"))
        result = CliRunner().invoke(app, ["sync", "--json"], env=dict(deployment.environment))
    assert result.exit_code == 4, result.output
    manifest = json.loads(result.stdout)["manifest"]
    assert [one["id"] for one in manifest["unread"]] == [group]
    assert "memberships" in result.stderr
