"""The permissions that the README names are the ones that a sync needs: no fewer, no more."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from connector.sync.local import run_full_sync
from emulators.graph import Fault, GraphEmulator
from emulators.graph.tenant.generator import generate
from emulators.graph.tenant.truth import truth
from tests.support.deployments import deploy

README = (Path(__file__).parents[2] / "README.md").read_text()
_, _, PARAGRAPH = README.partition("The app registration needs these application permissions")
REQUIRED, OPTIONAL = (
    re.findall(r"`([A-Za-z]+(?:\.[A-Za-z]+)+)`", part)
    for part in PARAGRAPH.partition("\n\n")[0].split("What is optional:")
)
OPTIONAL = [name for name in OPTIONAL if not name.endswith(".json")]
LEFT_OUT = {"administrative_unit_scopes", "provisioning_jobs", "memberships"}


def synced(permissions, storage_account, folder, switches):
    """What is incomplete, and what is untrue, after a sync of an app that holds just these permissions."""
    tenant = generate(users=40, seed=31)
    tenant.set_fact("permissions", json.dumps(permissions))
    with GraphEmulator(tenant) as graph:
        deployment = deploy(graph, storage_account, switches)
        asyncio.run(run_full_sync(deployment.settings))
        manifest, picture = deployment.snapshot(folder)
        return set(manifest.incomplete), deployment.untruths(picture)


def test_the_readme_names_them():
    assert len(REQUIRED) == 5
    assert len(OPTIONAL) == 5


def test_all_of_them_give_the_whole_truth(storage_account, tmp_path):
    everything = {"SIGN_IN_ACTIVITY": "true", "MAILBOX_PURPOSE": "true"}

    assert synced(REQUIRED + OPTIONAL, storage_account, tmp_path, everything) == (set(), [])


def test_the_required_ones_leave_out_only_what_the_readme_calls_optional(storage_account, tmp_path):
    incomplete, _ = synced(REQUIRED, storage_account, tmp_path, {})

    assert incomplete == LEFT_OUT


def test_hidden_members_that_may_not_be_seen_are_said_to_be_missing(storage_account, tmp_path):
    tenant = generate(users=40, seed=31)
    hidden = {row["id"] for row in truth(tenant)["groups"] if row["visibility"] == "HiddenMembership"}
    tenant.set_fact("permissions", json.dumps([name for name in REQUIRED + OPTIONAL if name != "Member.Read.Hidden"]))
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
    tenant.set_fact("permissions", json.dumps([name for name in REQUIRED + OPTIONAL if name != "Member.Read.Hidden"]))
    with GraphEmulator(tenant) as graph:
        graph.faults.add(Fault(path=f"groups/delta.*{hidden}", status=403, times=10_000))
        deployment = deploy(graph, storage_account)
        asyncio.run(run_full_sync(deployment.settings))
        manifest, _ = deployment.snapshot(tmp_path)

    assert [one.id for one in manifest.unread].count(hidden) == 1
    assert manifest.kinds["memberships"].unread == len(manifest.unread)


@pytest.mark.parametrize("missing", REQUIRED)
def test_each_of_the_required_ones_is_missed(missing, storage_account, tmp_path):
    held = [name for name in REQUIRED if name != missing]

    incomplete, _ = synced(held, storage_account, tmp_path, {})

    assert incomplete - LEFT_OUT
