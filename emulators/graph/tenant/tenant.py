"""An emulated Entra tenant: its state, and the verbs that change it."""

from __future__ import annotations

import random
import uuid
from pathlib import Path
from typing import Self

from emulators.graph.tenant.bodies import INTEGRATED_APP
from emulators.graph.tenant.state import to_json
from emulators.graph.tenant.verbs import Verbs
from emulators.graph.tenant.wellknown import built_in_roles, graph_body, role_definition_body

CONNECTOR_PERMISSIONS = (
    "AdministrativeUnit.Read.All",
    "Application.Read.All",
    "AuditLog.Read.All",
    "Device.Read.All",
    "Directory.Read.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
    "GroupMember.ReadWrite.All",
    "LicenseAssignment.Read.All",
    "MailboxSettings.Read",
    "Member.Read.Hidden",
    "OrgContact.Read.All",
    "Organization.Read.All",
    "RoleAssignmentSchedule.Read.Directory",
    "RoleEligibilitySchedule.Read.Directory",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
    "Synchronization.Read.All",
    "User.Read.All",
)
"""What the connector's registration has been granted of Microsoft Graph: app role assignments like any other."""


class Tenant(Verbs):
    """A tenant. Make one with :meth:`empty`, or with :func:`emulators.graph.tenant.generator.generate`."""

    @classmethod
    def empty(cls, seed: int = 0, *, path: Path | None = None) -> Self:
        """A tenant in which there is only the connector's own registration.

        Args:
            seed: the same seed gives the same ids.
            path: where the database is kept; in memory where it is None.
        """
        tenant = cls(path)
        rng = random.Random(f"tenant-{seed}")

        def guid() -> str:
            return str(uuid.UUID(int=rng.getrandbits(128), version=4))

        for name, value in (
            ("id", guid()),
            ("display_name", "Contoso"),
            ("domain", "contoso.onmicrosoft.com"),
            ("created_at", "2019-02-04T09:12:00Z"),
            ("client_id", guid()),
            ("client_secret", f"emulated~{rng.getrandbits(160):040x}"),
            ("entra_id_p1", "true"),
            ("entra_id_p2", "true"),
            ("users", "0"),
            ("seed", str(seed)),
        ):
            tenant.set_fact(name, value)
        with tenant.transaction():
            tenant._furnish()
            tenant.settle()
        return tenant

    def settle(self) -> None:
        """Forget how the present state came about, as if everything had been there at sequence 1."""
        with self.transaction() as db:
            db.execute("DELETE FROM property_changes")
            db.execute("DELETE FROM edge_changes")
            db.execute("DELETE FROM app_role_changes")
            db.execute("UPDATE objects SET created_seq = 1, changed_seq = 1 WHERE created_seq <> 1 OR changed_seq <> 1")
            db.execute("UPDATE oauth2_permission_grants SET changed_seq = 1")
            db.execute("UPDATE sequence SET seq = 1")

    def _furnish(self) -> None:
        """Built-in roles, Microsoft Graph, and the connector's registration with what it needs to read everything, and to provision."""
        self.db.executemany(
            "INSERT INTO role_definitions VALUES (?, ?)",
            [(role[0], to_json(role_definition_body(*role))) for role in built_in_roles()],
        )
        self.create_service_principal("Microsoft Graph", properties=graph_body())
        names = {"appId": self.client_id, "displayName": "Access connector"}
        self.create_application("Access connector", properties=names)
        connector = self.create_service_principal(
            "Access connector",
            properties={"appId": self.client_id, "servicePrincipalNames": [self.client_id], "tags": [INTEGRATED_APP]},
        )
        self.grant_permissions(connector, list(CONNECTOR_PERMISSIONS))
        self.add_client_secret(self.client_secret)
