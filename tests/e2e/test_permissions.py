"""The table of permissions, proved on reading: with what it calls needed a sync is whole; without one, what it names is lost, and no more."""

from __future__ import annotations

import asyncio
import json

import pytest

from connector.permissions import ALWAYS, PERMISSIONS, Feature, Use, missing, needed_for
from connector.sync.local import run_full_sync
from emulators.graph import Fault, GraphEmulator
from emulators.graph.tenant.generator import generate
from emulators.graph.tenant.truth import truth
from tests.support.deployments import deploy

READING = ALWAYS | {Feature.SIGN_IN_ACTIVITY, Feature.MAILBOX_PURPOSE}
SWITCHES = {"SIGN_IN_ACTIVITY": "true", "MAILBOX_PURPOSE": "true"}
NEEDED = tuple(one.name for one in needed_for(READING))
USES = tuple((one, use) for one in PERMISSIONS for use in one.uses if use.feature in READING)
MOST_ALTERNATIVES = max(len(use.alternatives) for _, use in USES)


def synced(permissions, storage_account, folder, switches=SWITCHES):
    """The manifest, and what is untrue, after a sync of an application that holds just these permissions."""
    tenant = generate(users=20, seed=31)
    tenant.set_fact("permissions", json.dumps(sorted(permissions)))
    with GraphEmulator(tenant) as graph:
        deployment = deploy(graph, storage_account, switches)
        asyncio.run(run_full_sync(deployment.settings))
        manifest, picture = deployment.snapshot(folder)
        return manifest, deployment.untruths(picture)


def test_what_is_needed_gives_the_whole_truth(storage_account, tmp_path):
    manifest, untruths = synced(NEEDED, storage_account, tmp_path)

    assert (list(manifest.incomplete), untruths) == ([], [])


@pytest.mark.parametrize("gone", NEEDED)
def test_without_one_what_the_table_names_is_lost_and_nothing_else(gone, storage_account, tmp_path):
    held = set(NEEDED) - {gone}
    lost = missing(held, READING)
    assert {one.permission.name for one in lost if not one.use.comes_with} == {gone}

    manifest, _ = synced(held, storage_account, tmp_path)

    assert set(manifest.incomplete) == {kind for one in lost for kind in one.use.kinds}
    named = [kind for kind in manifest.incomplete if gone in manifest.kinds[kind].reason]
    assert named, "no kind says which permission is missing"


@pytest.mark.parametrize("which", range(MOST_ALTERNATIVES))
def test_what_is_called_enough_is_enough(which, storage_account, tmp_path):
    def one_of(name: str, use: Use) -> str:
        return use.alternatives[min(which, len(use.alternatives) - 1)] if use.alternatives else name

    held = {one_of(one.name, use) for one, use in USES}
    assert not missing(held, READING)

    manifest, untruths = synced(held, storage_account, tmp_path)

    assert (list(manifest.incomplete), untruths) == ([], [])


@pytest.mark.parametrize("count", [1, 2])
def test_what_pim_says_can_be_read_by_its_own_permissions(count, storage_account, tmp_path):
    """Beside a permission for roles that does not include it."""
    other = {*NEEDED, "Directory.Read.All"} - {"RoleManagement.Read.Directory"}
    pim = sorted(one.permission.name for one in missing(other, READING))
    assert len(pim) == 2

    manifest, _ = synced({*other, *pim[:count]}, storage_account, tmp_path)

    assert list(manifest.incomplete) == ([] if count == 2 else ["role_schedules"])


def test_hidden_members_that_may_not_be_seen_are_said_to_be_missing(storage_account, tmp_path):
    tenant = generate(users=40, seed=31)
    hidden = {row["id"] for row in truth(tenant)["groups"] if row["visibility"] == "HiddenMembership"}
    tenant.set_fact("permissions", json.dumps([name for name in NEEDED if name != "Member.Read.Hidden"]))
    with GraphEmulator(tenant) as graph:
        deployment = deploy(graph, storage_account)
        asyncio.run(run_full_sync(deployment.settings))
        manifest, picture = deployment.snapshot(tmp_path)

    assert hidden
    assert {one.id for one in manifest.unread} == hidden
    lost = {row["id"] for row in deployment.truth()["grants"]} - {row["id"] for row in picture["grants"]}
    assert lost
    assert all(any(f"group:{group}:member" in grant for group in hidden) for grant in lost)


def test_a_group_that_is_hidden_and_unreadable_is_named_once(storage_account, tmp_path):
    tenant = generate(users=40, seed=31)
    hidden = next(row["id"] for row in truth(tenant)["groups"] if row["visibility"] == "HiddenMembership")
    tenant.set_fact("permissions", json.dumps([name for name in NEEDED if name != "Member.Read.Hidden"]))
    with GraphEmulator(tenant) as graph:
        graph.faults.add(Fault(path=f"groups/delta.*{hidden}", status=403, times=10_000))
        deployment = deploy(graph, storage_account)
        asyncio.run(run_full_sync(deployment.settings))
        manifest, _ = deployment.snapshot(tmp_path)

    assert [one.id for one in manifest.unread].count(hidden) == 1
    assert manifest.kinds["memberships"].unread == len(manifest.unread)
