"""Verbs on managed identities: service principals that belong to an Azure resource and have no secret of their own."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from emulators.graph.tenant.bodies import service_principal_body
from emulators.graph.tenant.credential_verbs import CredentialVerbs
from emulators.graph.tenant.errors import NotFound

_GROUP = "/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/rg-contoso/providers"


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """A managed identity.

    Attributes:
        object_id: of its service principal: who is granted roles and permissions.
        client_id: by which an application that has several says which it means.
        name: its display name.
        resource_id: the Azure resource: the identity itself, or the one that it belongs to where system-assigned.
        system_assigned: whether it lives and dies with that resource.
    """

    object_id: str
    client_id: str
    name: str
    resource_id: str
    system_assigned: bool


class IdentityVerbs(CredentialVerbs):
    """Managed identities."""

    def create_managed_identity(
        self, name: str, *, system_assigned: bool = False, permissions: Sequence[str] = ()
    ) -> str:
        """Add a managed identity; returns the object id of its service principal.

        Args:
            name: its name, or that of the function app that it belongs to.
            system_assigned: whether it belongs to one resource.
            permissions: application permissions of Microsoft Graph to grant, by name.

        Raises:
            NotFound: Microsoft Graph has no such permission.
        """
        kind = "Microsoft.Web/sites" if system_assigned else "Microsoft.ManagedIdentity/userAssignedIdentities"
        explicit = f"isExplicit={not system_assigned}"
        with self.transaction():
            # Not of the ids that other verbs draw from, so that identities change no other id.
            seq = self.next_seq()
            app_id, object_id = (str(uuid.uuid5(uuid.UUID(self.id), f"{name} {seq} {part}")) for part in ("app", "sp"))
            body = service_principal_body(name, app_id, None) | {
                "servicePrincipalType": "ManagedIdentity",
                "servicePrincipalNames": [app_id, f"https://identity.azure.net/{app_id}"],
                "alternativeNames": [explicit, f"{_GROUP}/{kind}/{name}"],
            }
            made = self.insert_object("servicePrincipal", body, object_id).id
            self.grant_permissions(made, list(permissions))
            return made

    def managed_identity(self, object_id: str) -> ManagedIdentity:
        """The managed identity whose service principal has this object id.

        Raises:
            NotFound: there is none.
        """
        with self.lock:
            body = self.find(object_id, "servicePrincipal").body
        if body.get("servicePrincipalType") != "ManagedIdentity":
            raise NotFound(object_id, "managed identity")
        explicit, resource_id = body["alternativeNames"]
        return ManagedIdentity(
            object_id, body["appId"], body["displayName"], resource_id, explicit == "isExplicit=False"
        )
