"""Verbs on applications: service principals, app role assignments, provisioning jobs, delegated consents."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from emulators.graph.tenant.bodies import service_principal_body
from emulators.graph.tenant.errors import AlreadyExists, NotAllowed, NotFound, Reason
from emulators.graph.tenant.state import State, from_json, to_json

DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
"""The app role id that means access without a particular role."""


def app_role_assignment_id(principal_id: str, resource_id: str, app_role_id: str) -> str:
    """An id shaped like Entra's: the principal's GUID and 16 more bytes in base64url."""
    guid = bytes.fromhex(principal_id.replace("-", ""))
    little_endian = guid[3::-1] + guid[5:3:-1] + guid[7:5:-1] + guid[8:]  # uuid.UUID.bytes_le, several times faster
    return base64.urlsafe_b64encode(little_endian + _digest(resource_id, app_role_id)).decode().rstrip("=")


@lru_cache(maxsize=64)
def _digest(resource_id: str, app_role_id: str) -> bytes:
    return hashlib.sha256(f"{resource_id}/{app_role_id}".encode()).digest()[:16]


class ApplicationVerbs(State):
    """Applications and who has access to them."""

    def create_service_principal(
        self, display_name: str, *, properties: Mapping[str, Any] | None = None, object_id: str | None = None
    ) -> str:
        """Add a service principal; returns its object id.

        Args:
            display_name: its name.
            properties: more properties, as Graph spells them; they win over the defaults.
            object_id: a new one where None.
        """
        with self.transaction():
            body = service_principal_body(display_name, self.new_id(), self.id)
            return self.insert_object("servicePrincipal", body | dict(properties or {}), object_id).id

    def create_application(
        self, display_name: str, *, properties: Mapping[str, Any] | None = None, object_id: str | None = None
    ) -> str:
        """Add an app registration; returns its object id. It has no service principal by itself."""
        with self.transaction():
            body = {"displayName": display_name, "appId": self.new_id(), "signInAudience": "AzureADMyOrg", "tags": []}
            return self.insert_object(
                "application", body | {"createdDateTime": self.now()} | dict(properties or {}), object_id
            ).id

    def update_service_principal(self, service_principal_id: str, properties: Mapping[str, Any]) -> None:
        """Set properties of a service principal, as Graph spells them.

        Raises:
            NotFound: no such service principal.
        """
        with self.transaction():
            self.update_object(self.find(service_principal_id, "servicePrincipal"), properties)

    def assign_app_role(self, principal_id: str, resource_id: str, app_role_id: str = DEFAULT_ACCESS) -> str:
        """Give a user, group or service principal an app role of a service principal; returns the assignment's id.

        Raises:
            NotFound: no such principal or resource.
            AlreadyExists: it has the role.
            NotAllowed: the resource does not declare such a role.
        """
        with self.transaction() as db:
            principal = self.find(principal_id, "user", "group", "servicePrincipal")
            resource = self.find(resource_id, "servicePrincipal")
            declared = {role["id"] for role in resource.body.get("appRoles", ())}
            if app_role_id != DEFAULT_ACCESS and app_role_id not in declared:
                raise NotAllowed(Reason.INVALID_VALUE, f"{resource.id!r} has no app role {app_role_id!r}.")
            made = app_role_assignment_id(principal.id, resource.id, app_role_id)
            added = db.execute(
                "INSERT OR IGNORE INTO app_role_assignments (id, principal, resource, app_role_id, created_at) "
                "VALUES (?, ?, ?, ?, ?)",
                (made, principal.key, resource.key, app_role_id, self.now()),
            ).rowcount
            if not added:
                raise AlreadyExists(f"The app role assignment {made!r}")
            self.record_app_roles("add", "id = ?", made)
            self.touch(principal.key, "appRoleAssignments")
            return made

    def remove_app_role_assignment(self, assignment_id: str) -> None:
        """Take an app role back.

        Raises:
            NotFound: no such assignment.
        """
        with self.transaction() as db:
            self.record_app_roles("remove", "id = ?", assignment_id)
            gone = db.execute(
                "DELETE FROM app_role_assignments WHERE id = ? RETURNING principal", (assignment_id,)
            ).fetchall()
            if not gone:
                raise NotFound(assignment_id, "app role assignment")
            self.touch(gone[0][0], "appRoleAssignments")

    def set_provisioning(self, service_principal_id: str, template_id: str = "scim", state: str = "Active") -> str:
        """Give a service principal a provisioning job, or change its state; returns the job's id.

        Args:
            service_principal_id: the application that accounts are pushed to.
            template_id: ``scim``, or a gallery application's template.
            state: ``NotConfigured``, ``NotRun``, ``Active``, ``Paused`` or ``Quarantine``.

        Raises:
            NotFound: no such service principal.
        """
        with self.transaction() as db:
            found = self.find(service_principal_id, "servicePrincipal")
            job_id = f"{template_id}.{self.id.replace('-', '')}.{found.id}"
            db.execute(
                "INSERT OR REPLACE INTO synchronization_jobs VALUES (?, ?, ?)",
                (found.key, job_id, to_json(provisioning_body(template_id, state))),
            )
            self.next_seq()
            return job_id

    def create_oauth2_grant(
        self, client_id: str, resource_id: str, scope: str, *, principal_id: str | None = None
    ) -> str:
        """Consent to delegated permissions, for one user or (``principal_id`` None) for all; returns the grant's id.

        Args:
            client_id: object id of the service principal that acts.
            resource_id: object id of the service principal it acts on.
            scope: scopes, separated by spaces.
            principal_id: the user.

        Raises:
            NotFound: no such service principal or user.
        """
        with self.transaction() as db:
            body = {
                "clientId": self.find(client_id, "servicePrincipal").id,
                "consentType": "Principal" if principal_id else "AllPrincipals",
                "principalId": self.find(principal_id, "user").id if principal_id else None,
                "resourceId": self.find(resource_id, "servicePrincipal").id,
                "scope": scope,
            }
            made = base64.urlsafe_b64encode(hashlib.sha256(self.new_id().encode()).digest()).decode().rstrip("=")
            db.execute(
                "INSERT INTO oauth2_permission_grants (id, body, changed_seq) VALUES (?, ?, ?)",
                (made, to_json(body), self.next_seq()),
            )
            return made

    def delete_oauth2_grant(self, grant_id: str) -> None:
        """Withdraw a consent to delegated permissions.

        Raises:
            NotFound: no such grant.
        """
        with self.transaction() as db:
            gone = db.execute(
                "UPDATE oauth2_permission_grants SET deleted = 'deleted', changed_seq = ? "
                "WHERE id = ? AND deleted IS NULL",
                (self.next_seq(), grant_id),
            ).rowcount
            if not gone:
                raise NotFound(grant_id, "delegated permission grant")

    def grant_permissions(self, client_id: str, values: list[str]) -> None:
        """Grant a service principal application permissions of Microsoft Graph by name, such as ``User.Read.All``.

        Raises:
            NotFound: no such service principal, or Microsoft Graph has no such permission.
        """
        with self.transaction() as db:
            graph = db.execute(
                "SELECT id, body FROM objects WHERE type = 'servicePrincipal' AND deleted IS NULL "
                "AND json_extract(body, '$.appId') = '00000003-0000-0000-c000-000000000000'"
            ).fetchone()
            roles = {role["value"]: role["id"] for role in from_json(graph[1])["appRoles"]} if graph else {}
            for value in values:
                if value not in roles:
                    raise NotFound(value, "permission of Microsoft Graph")
                self.assign_app_role(client_id, graph[0], roles[value])


def provisioning_body(template_id: str, state: str) -> dict[str, Any]:
    """A synchronization job as Graph shows it; times that never were are ``0001-01-01T00:00:00Z``."""
    ran = state in ("Active", "Paused")
    return {
        "templateId": template_id,
        "schedule": {"expiration": None, "interval": "PT40M", "state": "Disabled" if state == "Paused" else "Active"},
        "status": {
            "code": state,
            "countSuccessiveCompleteFailures": 0,
            "escrowsPruned": False,
            "lastExecution": {"state": "Succeeded", "timeEnded": "2026-05-31T22:00:00Z"} if ran else None,
            "lastSuccessfulExecution": None,
            "quarantine": {"reason": "EncounteredQuarantineException"} if state == "Quarantine" else None,
            "steadyStateFirstAchievedTime": "0001-01-01T00:00:00Z",
            "steadyStateLastAchievedTime": "0001-01-01T00:00:00Z",
            "troubleshootingUrl": None,
        },
    }
