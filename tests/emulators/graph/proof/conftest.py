"""A generated tenant with everything in it, behind the emulator, and clients that know nothing but its address."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import httpx
import pytest

from emulators.graph import GraphEmulator, Variants
from emulators.graph.tenant.generator import generate
from emulators.graph.tenant.tenant import Tenant
from tests.emulators.graph.proof.description import Description

PERMISSIONS = (
    "AdministrativeUnit.ReadWrite.All",
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "AuditLog.Read.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Device.ReadWrite.All",
    "Directory.ReadWrite.All",
    "Group.ReadWrite.All",
    "LicenseAssignment.ReadWrite.All",
    "MailboxSettings.Read",
    "Member.Read.Hidden",
    "Organization.Read.All",
    "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup",
    "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
    "RoleAssignmentSchedule.ReadWrite.Directory",
    "RoleEligibilitySchedule.ReadWrite.Directory",
    "RoleManagement.ReadWrite.Directory",
    "RoleManagementPolicy.ReadWrite.Directory",
    "Group.Read.All",
    "Synchronization.Read.All",
    "User.Read.All",
    "User.ReadWrite.All",
)


@pytest.fixture(scope="session")
def description() -> Description:
    """The official description."""
    return Description()


@pytest.fixture(scope="module")
def tenant() -> Iterator[Tenant]:
    """A tenant of 60 users in which something was deleted, and whose application may do everything."""
    made = generate(users=60, groups=20, seed=4)
    made.set_permissions(PERMISSIONS)
    made.delete_user(made.create_user("Gone"))
    made.delete_group(made.create_group("Gone", kind="microsoft_365"))
    portal = made.create_application("Portal", properties={"identifierUris": ["api://portal"]})
    made.add_owner(portal, made.create_user("Owner"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def emulator(tenant: Tenant) -> Iterator[GraphEmulator]:
    """The emulator, with members of every type in its lists."""
    with GraphEmulator(tenant, variants=Variants(members_hide_service_principals=False)) as running:
        yield running


@pytest.fixture(scope="module")
def http(emulator: GraphEmulator) -> Iterator[httpx.Client]:
    """A plain client that has signed in; addresses are relative to v1.0."""
    tls = ssl.create_default_context(cafile=emulator.ca_file)
    with httpx.Client(verify=tls, base_url=emulator.base_url, timeout=30) as client:
        form = {
            "grant_type": "client_credentials",
            "client_id": emulator.client_id,
            "client_secret": emulator.client_secret,
            "scope": "https://graph.microsoft.com/.default",
        }
        url = f"{emulator.authority}/{emulator.tenant.id}/oauth2/v2.0/token"
        client.headers["Authorization"] = f"Bearer {client.post(url, data=form).json()['access_token']}"
        yield client
