"""A kind that cannot be read keeps the rows it had, and nothing is reported as deleted because it could not be read."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from connector.storage import Manifest
from connector.sync.errors import SyncFailed
from connector.sync.local import run_full_sync
from emulators.graph import Fault, GraphEmulator
from emulators.graph.tenant.generator import generate
from tests.support.deployments import Deployment, deploy
from tests.support.pictures import Picture, differences

# What Graph calls what each kind reads. A pattern is searched in the address of a call, alone or in a batch.
CALLS = {
    "accounts": r"^/v1\.0/users\?",
    "groups": r"^/v1\.0/groups\?",
    "memberships": r"^/v1\.0/groups/delta",
    "enterprise_applications": r"^/v1\.0/servicePrincipals\?",
    "application_grants": "/appRoleAssignedTo",
    "provisioning_jobs": "/synchronization/jobs",
    "directory_roles": "/roleDefinitions",
    "role_assignments": r"/roleAssignments\?",
    "role_schedules": "ScheduleInstances",
    "licenses": "/subscribedSkus",
}
REFUSED_TOGETHER = (
    ("accounts", "memberships", "role_schedules"),
    ("groups", "application_grants", "directory_roles"),
    ("enterprise_applications", "role_assignments", "licenses"),
    tuple(kind for kind in CALLS if kind != "licenses"),
)
"""Each kind alone is a test of publishing; here it is what Graph answers that counts."""


@pytest.fixture
def tenant():
    return generate(users=40, groups=30, seed=41)


def refuse(graph: GraphEmulator, *kinds: str) -> None:
    for kind in kinds:
        graph.faults.add(Fault(path=CALLS[kind], status=403, code="Authorization_RequestDenied", times=10_000))


def sync(deployment: Deployment, folder: Path, **options: Any) -> tuple[Manifest, Picture]:
    asyncio.run(run_full_sync(deployment.settings, **options))
    return deployment.snapshot(folder)


def test_whatever_is_refused_the_picture_stays_what_it_was(tenant, storage_account, tmp_path):
    with GraphEmulator(tenant) as graph:
        deployment = deploy(graph, storage_account)
        _, before = sync(deployment, tmp_path)
        for kinds in REFUSED_TOGETHER:
            graph.faults.clear()
            refuse(graph, *kinds)
            manifest, picture = sync(deployment, tmp_path)

            assert differences(picture, before) == [], kinds
            assert {manifest.kinds[kind].state for kind in kinds} == {"incomplete"}
            assert "403" in manifest.incomplete[kinds[0]]
            assert all(manifest.kinds[kind].last_good for kind in kinds)
            assert sum(changes.removed for changes in manifest.changes.values()) == 0, kinds
        graph.faults.clear()
        manifest, picture = sync(deployment, tmp_path)

    assert manifest.incomplete == {}
    assert deployment.untruths(picture) == []


def test_what_can_be_read_is_fresh_while_the_rest_stays(tenant, storage_account, tmp_path):
    with GraphEmulator(tenant) as graph:
        deployment = deploy(graph, storage_account)
        _, before = sync(deployment, tmp_path)
        gone = before["groups"][0]["id"]
        newcomer = tenant.create_user("Maria Nováková")
        tenant.delete_group(gone)
        refuse(graph, "groups")
        _, picture = sync(deployment, tmp_path)

    assert newcomer in {account["id"] for account in picture["accounts"]}
    assert gone in {group["id"] for group in picture["groups"]}, "nobody could say that it was deleted"


def test_without_a_snapshot_before_a_refused_kind_is_empty_and_says_so(tenant, storage_account, tmp_path):
    with GraphEmulator(tenant) as graph:
        deployment = deploy(graph, storage_account)
        refuse(graph, "groups")
        manifest, picture = sync(deployment, tmp_path)

    assert set(manifest.incomplete) == {"groups", "memberships"}
    assert manifest.kinds["groups"].last_good is None
    assert picture["groups"] == []
    assert {grant["resource_kind"] for grant in picture["grants"]}.isdisjoint({"group"})
    assert picture["accounts"]


def test_a_tenant_that_refuses_everything_fails_the_sync_with_advice(tenant, storage_account, tmp_path):
    with GraphEmulator(tenant) as graph:
        deployment = deploy(graph, storage_account)
        first, _ = sync(deployment, tmp_path)
        refuse(graph, *CALLS)
        with pytest.raises(SyncFailed) as failed:
            sync(deployment, tmp_path)
        manifest, _ = deployment.snapshot(tmp_path)

    assert "403" in failed.value.failure.sentence
    assert "consent" in failed.value.failure.advice
    assert manifest.snapshot_id == first.snapshot_id


def test_half_a_list_that_looks_whole_is_held_back_until_it_is_accepted(storage_account, tmp_path):
    tenant = generate(users=400, groups=30, seed=42)
    with GraphEmulator(tenant) as graph:
        deployment = deploy(graph, storage_account)
        _, before = sync(deployment, tmp_path)
        for account in before["accounts"][:150]:
            tenant.delete_user(account["id"])
        manifest, picture = sync(deployment, tmp_path)

        [held] = manifest.kinds["accounts"].held_back
        assert (held.was, held.now) == (len(before["accounts"]), len(before["accounts"]) - 150)
        assert "--accept-shrinking accounts" in manifest.incomplete["accounts"]
        assert len(picture["accounts"]) == len(before["accounts"])
        assert manifest.changes["accounts"].removed == 0

        manifest, picture = sync(deployment, tmp_path, accept_shrinking=["accounts"])
        assert manifest.incomplete == {}
        assert deployment.untruths(picture) == []
