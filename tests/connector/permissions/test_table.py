"""The table of permissions as data: whole, true to what Graph has, and the only place where permissions are written down."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

import pytest

from connector.permissions import (
    APP_ROLES,
    DELEGATED,
    FEATURES,
    LICENSES,
    PERMISSIONS,
    READ_OPERATIONS,
    REFERENCE,
    WRITE_OPERATIONS,
    Feature,
    by_name,
    needed_for,
    required_resource_access,
    sufficient,
)
from connector.settings import known_settings
from connector.sync.kinds.registry import READERS
from emulators.graph.tenant.wellknown import graph_body

TOP = Path(__file__).parents[3]
NAMES = {one.name for one in PERMISSIONS}
ALTERNATIVES = {name for one in PERMISSIONS for use in one.uses for name in use.alternatives}
ELSEWHERE = {one.name for one in DELEGATED} | {one.value for one in APP_ROLES}
LISTED = {
    "Application.Read.All",
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "AuditLog.Read.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
    "GroupMember.ReadWrite.All",
    "LicenseAssignment.Read.All",
    "MailboxSettings.Read",
    "MailboxSettings.ReadWrite",
    "Member.Read.Hidden",
    "RoleAssignmentSchedule.Read.Directory",
    "RoleAssignmentSchedule.ReadWrite.Directory",
    "RoleEligibilitySchedule.Read.Directory",
    "RoleEligibilitySchedule.ReadWrite.Directory",
    "RoleManagement.Read.All",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
    "RoleManagementAlert.Read.Directory",
    "RoleManagementPolicy.Read.AzureADGroup",
    "RoleManagementPolicy.Read.Directory",
    "ServicePrincipalEndpoint.Read.All",
    "ServicePrincipalEndpoint.ReadWrite.All",
    "Synchronization.ReadWrite.All",
    "User.EnableDisableAccount.All",
    "User.Read.All",
    "User.ReadBasic.All",
    "User.ReadWrite.All",
}
"""What administrators are asked for elsewhere, and what those lists lack."""
PERMISSION = re.compile(
    r"\b[A-Z][A-Za-z]+\.(?:Read(?:Write|Basic)?|Write|Create|Manage|Remove|EnableDisableAccount|DeleteRestore)(?:\.[A-Z]\w+)*\b(?![(\w])"
)


def test_what_others_ask_for_is_answered():
    assert LISTED <= NAMES


@pytest.mark.parametrize("permission", PERMISSIONS, ids=lambda one: one.name)
def test_each_is_needed_or_said_to_be_not(permission):
    assert permission.needed != (permission.unneeded is not None)
    assert UUID(permission.id)
    for use in permission.uses:
        assert set(use.comes_with) <= set(use.alternatives)
        assert permission.name not in use.alternatives
        assert use.source.startswith("https://learn.microsoft.com/")
        assert use.why.endswith(".")
        assert use.lost.endswith(".")
        assert sufficient(use.feature, use.what) == (permission.name, *use.alternatives)
    if permission.unneeded:
        instead = [by_name(name) for name in permission.unneeded.instead]
        assert all(one and one.needed for one in instead)
    assert permission.source.startswith(REFERENCE + "#")


def test_ids_are_those_of_graph():
    """The emulator has a list of its own."""
    ids = {role["value"]: role["id"] for role in graph_body()["appRoles"]}

    assert {one.name: one.id for one in PERMISSIONS if one.name in ids} == {
        name: ids[name] for name in NAMES & ids.keys()
    }
    assert len({one.id for one in PERMISSIONS} | {one.id for one in DELEGATED}) == len(PERMISSIONS) + len(DELEGATED)
    assert {name for one in PERMISSIONS for use in one.uses for name in use.alternatives} <= ids.keys()


def test_uses_are_named_once():
    uses = [(use.feature, use.what) for one in PERMISSIONS for use in one.uses]

    assert len(set(uses)) == len(uses)
    assert {feature for feature, _ in uses} == set(Feature)


def test_features_are_known():
    assert list(FEATURES) == list(Feature)
    settings = {one.name for one in known_settings()}
    for facts in FEATURES.values():
        assert bool(facts.setting) != facts.always
        assert not facts.setting or facts.setting in settings
        assert facts.license is None or facts.license in LICENSES
    assert [one for one, facts in FEATURES.items() if facts.essential] == [Feature.SYNC]


def test_kinds_that_are_lost_are_kinds_that_are_read():
    kinds = {kind for one in PERMISSIONS for use in one.uses for kind in use.kinds}

    assert kinds | {"service_principal_memberships"} == {reader.name for reader in READERS}


def test_the_manifest_names_each_once():
    [graph] = required_resource_access(needed_for(FEATURES))

    assert len({one["id"] for one in graph["resourceAccess"]}) == len(needed_for(FEATURES))


def test_app_roles_are_as_graph_wants_them():
    for one in (READ_OPERATIONS, WRITE_OPERATIONS):
        sent = one.as_graph()
        assert (UUID(sent["id"]), sent["value"], sent["isEnabled"]) == (UUID(one.id), one.value, True)
        assert set(sent["allowedMemberTypes"]) == {"User", "Application"}
    assert READ_OPERATIONS.value < WRITE_OPERATIONS.value


def named(text):
    """The permissions that a text names."""
    return {found for found in PERMISSION.findall(text) if not found.endswith((".ReadOnly",))}


def test_no_permission_is_written_down_anywhere_else():
    data = TOP / "connector" / "permissions"
    elsewhere = {
        f"{path.relative_to(TOP)}: {name}"
        for path in (TOP / "connector").rglob("*")
        if path.is_file() and path.suffix != ".pyc" and not (path.parent == data and path.suffix == ".json")
        for name in named(path.read_text(errors="replace"))
    }

    assert not elsewhere


def test_documents_name_only_what_the_table_has():
    generated = re.compile(r"<!-- ([\w-]+): generated by .*?<!-- end of \1 -->", re.DOTALL)
    unknown = {
        f"{path.relative_to(TOP)}: {name}"
        for path in (TOP / "README.md", TOP / "CONTRIBUTING.md", *sorted((TOP / "docs").rglob("*.md")))
        if path.name != "graph-emulator.md"  # it tells what the emulator knows, which is a table of its own
        for name in named(generated.sub("", path.read_text())) - NAMES - ELSEWHERE
    }

    assert not unknown


@pytest.mark.parametrize("name", sorted(NAMES | ALTERNATIVES | ELSEWHERE))
def test_what_looks_for_permissions_finds_each(name):
    assert named(f"It holds `{name}`, and so on.") == {name}
    assert named(f'permission = "{name}"') == {name}
