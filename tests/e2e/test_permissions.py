"""The table of permissions, proved on reading: with what it calls needed a sync is whole; without one, what it names is lost, and no more."""

from __future__ import annotations

import asyncio
import json

import pytest

from connector.permissions import ALWAYS, PERMISSIONS, Feature, missing, needed_for
from connector.sync.local import run_full_sync
from emulators.graph import Fault, GraphEmulator
from emulators.graph.tenant.generator import generate
from emulators.graph.tenant.truth import truth
from tests.support.deployments import deploy

READING = ALWAYS | {Feature.SIGN_IN_ACTIVITY, Feature.MAILBOX_PURPOSE}
SWITCHES = {"SIGN_IN_ACTIVITY": "true", "MAILBOX_PURPOSE": "true"}
NEEDED = tuple(one.name for one in needed_for(READING))
USES = tuple((one, use) for one in PERMISSIONS for use in one.uses if use.feature in READING)


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


OTHERWISE = (
    """User.ReadWrite.All Group.ReadWrite.All Application.ReadWrite.All RoleManagement.ReadWrite.Directory Organization.Read.All
    AdministrativeUnit.ReadWrite.All Synchronization.ReadWrite.All MailboxSettings.ReadWrite""",
    """Directory.Read.All RoleAssignmentSchedule.ReadWrite.Directory RoleEligibilitySchedule.ReadWrite.Directory
    Synchronization.Read.All MailboxSettings.Read""",
    "Directory.ReadWrite.All RoleManagement.Read.All Synchronization.Read.All MailboxSettings.Read",
    """User.Read.All Group.Read.All Application.Read.All RoleManagement.Read.Directory Organization.ReadWrite.All
    AdministrativeUnit.Read.All Synchronization.Read.All MailboxSettings.Read""",
)
"""Sets that read everything by other permissions than the least privileged, together with those that nothing replaces."""


def held_otherwise(names: str) -> set[str]:
    """One of these sets, with what nothing replaces."""
    return {*names.split(), *(one.name for one, use in USES if not use.alternatives)}


@pytest.mark.parametrize("names", OTHERWISE, ids=lambda names: names.split()[0])
def test_what_is_called_enough_is_enough(names, storage_account, tmp_path):
    held = held_otherwise(names)
    assert not missing(held, READING)

    manifest, untruths = synced(held, storage_account, tmp_path)

    assert (list(manifest.incomplete), untruths) == ([], [])


def test_everything_that_is_called_enough_is_tried_alone():
    """In some of the sets, each alternative is all that there is for its use."""
    tried = set()
    for names in OTHERWISE:
        for one, use in USES:
            enough = held_otherwise(names) & {one.name, *use.alternatives}
            tried |= {(use, *enough)} if len(enough) == 1 else set()

    assert {(use, name) for _, use in USES for name in use.alternatives} <= tried


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
