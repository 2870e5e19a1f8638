"""Verbs on consent: applications of other tenants, what an application asks for, and an administrator's yes to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from emulators.graph.tenant.bodies import INTEGRATED_APP
from emulators.graph.tenant.credential_verbs import CredentialVerbs
from emulators.graph.tenant.errors import AlreadyExists, NotAllowed, NotFound, Reason
from emulators.graph.tenant.state import Found, from_json, to_json
from emulators.graph.tenant.wellknown import GRAPH_APP_ID

SINGLE_TENANT = "AzureADMyOrg"
"""The ``signInAudience`` of an application that only its own tenant can use."""


@dataclass(frozen=True, slots=True)
class Permission:
    """An application permission that an application asks for: an app role of a resource of the tenant."""

    resource_app_id: str
    resource_id: str
    resource_name: str
    role_id: str
    value: str
    display_name: str
    description: str


class ConsentVerbs(CredentialVerbs):
    """Consent. ``app_id`` is the application (client) id, the connector's where None."""

    def publish_application(
        self,
        display_name: str,
        *,
        app_id: str | None = None,
        redirect_uris: Sequence[str] = (),
        permissions: Sequence[str] = (),
        publisher_name: str = "Fabrikam",
        publisher_id: str | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> str:
        """Let another tenant register a multi-tenant application; returns its application (client) id.

        This tenant does not have it until somebody consents to it here. It signs in with what ``add_client_secret`` and the
        like give it.

        Args:
            display_name: its name.
            app_id: a new one where None.
            redirect_uris: where its pages may send people back to.
            permissions: what it asks for of Microsoft Graph, by name.
            publisher_name: display name of the tenant that has registered it.
            publisher_id: that tenant's id; a new one where None.
            properties: more properties of the application, as Graph spells them; they win over the defaults.

        Raises:
            NotFound: Microsoft Graph has no such permission.
            AlreadyExists: there is an application with this id.
        """
        with self.transaction() as db:
            made = (app_id or self.new_id()).lower()
            if self.application(made) is not None:
                raise AlreadyExists(f"The application {made!r}")
            body = {
                "appId": made,
                "displayName": display_name,
                "signInAudience": "AzureADMultipleOrgs",
                "web": {"redirectUris": list(redirect_uris)},
                "requiredResourceAccess": self._required(permissions),
                "publisher": publisher_id or self.new_id(),
                "publisherName": publisher_name,
            }
            db.execute(
                "INSERT INTO published_applications VALUES (?, ?)", (made, to_json(body | dict(properties or {})))
            )
            self.next_seq()
            return made

    def configure_application(
        self,
        *,
        app_id: str | None = None,
        redirect_uris: Sequence[str] | None = None,
        permissions: Sequence[str] | None = None,
    ) -> None:
        """Change an application of this tenant or of another: what is None stays.

        Args:
            app_id: the application.
            redirect_uris: where its pages may send people back to.
            permissions: what it asks for of Microsoft Graph, by name. Nothing is granted by that.

        Raises:
            NotFound: no such application, or Microsoft Graph has no such permission.
        """
        wanted = (app_id or self.client_id).lower()
        with self.transaction() as db:
            body = self.application(wanted)
            if body is None:
                raise NotFound(wanted, "application")
            changes: dict[str, Any] = {}
            if redirect_uris is not None:
                changes["web"] = {**(body.get("web") or {}), "redirectUris": list(redirect_uris)}
            if permissions is not None:
                changes["requiredResourceAccess"] = self._required(permissions)
            own = self._object_of("application", wanted)
            if own is not None:
                self.update_object(own, changes)
                return
            db.execute("UPDATE published_applications SET body = ? WHERE app_id = ?", (to_json(body | changes), wanted))
            self.next_seq()

    def admin_consent(self, app_id: str | None = None, *, only: Sequence[str] | None = None) -> str:
        """Consent to what an application asks for, as the page does; returns the object id of its service principal.

        Args:
            app_id: the application.
            only: of what it asks for, nothing but the permissions with these names: a consent that was half given.

        Raises:
            NotFound: no such application, or it asks for what no resource of the tenant has.
        """
        wanted = (app_id or self.client_id).lower()
        with self.transaction():
            asked = self.asked_permissions(wanted)
            principal = self.instantiate_application(wanted, {"tags": [INTEGRATED_APP]})
            for permission in asked:
                if only is None or permission.value in only:
                    with suppress(AlreadyExists):
                        self.assign_app_role(principal, permission.resource_id, permission.role_id)
            return principal

    def instantiate_application(self, app_id: str, properties: Mapping[str, Any] | None = None) -> str:
        """Make an application usable in the tenant, unless it is; returns the object id of its service principal.

        Raises:
            NotFound: no such application, or it belongs to another tenant and is for that alone.
        """
        with self.transaction():
            there = self._object_of("servicePrincipal", app_id)
            if there is not None:
                return there.id
            body = self.application(app_id)
            if body is None:
                raise NotFound(app_id, "application")
            name = body["displayName"]
            shared = {key: body[key] for key in ("appRoles", "signInAudience") if body.get(key)}
            own = {
                "appId": app_id.lower(),
                "appDisplayName": name,
                "appOwnerOrganizationId": body.get("publisher", self.id),
                "replyUrls": redirect_uris_of(body),
                "servicePrincipalNames": [app_id.lower(), *body.get("identifierUris", ())],
            }
            return self.create_service_principal(name, properties={**shared, **own, **(properties or {})})

    def is_instantiated(self, app_id: str) -> bool:
        """Whether an application has a service principal in the tenant."""
        return self._object_of("servicePrincipal", app_id) is not None

    def application(self, app_id: str) -> dict[str, Any] | None:
        """An application that can be used here, as Graph shows it: of this tenant, or of another for several tenants.

        One of another tenant has ``publisher`` (that tenant's id) and ``publisherName`` as well.
        """
        own = self._object_of("application", app_id)
        if own is not None:
            return own.body
        with self.lock:
            row = self.db.execute(
                "SELECT body FROM published_applications WHERE app_id = ?", (app_id.lower(),)
            ).fetchone()
        body: dict[str, Any] | None = from_json(row[0]) if row else None
        return None if body is None or body["signInAudience"] == SINGLE_TENANT else body

    def asked_permissions(self, app_id: str) -> list[Permission]:
        """The application permissions that an application asks for.

        Raises:
            NotFound: no such application, or the tenant has no such resource.
            NotAllowed: a resource has no such app role.
        """
        body = self.application(app_id)
        if body is None:
            raise NotFound(app_id, "application")
        return [
            self._permission(resource["resourceAppId"], access["id"])
            for resource in body.get("requiredResourceAccess") or ()
            for access in resource["resourceAccess"]
            if access["type"] == "Role"
        ]

    def _permission(self, resource_app_id: str, role_id: str) -> Permission:
        resource = self._object_of("servicePrincipal", resource_app_id)
        if resource is None:
            raise NotFound(resource_app_id, "resource application")
        for role in resource.body.get("appRoles", ()):
            if role["id"] == role_id.lower():
                return Permission(
                    resource_app_id.lower(),
                    resource.id,
                    resource.body["displayName"],
                    role["id"],
                    role["value"],
                    role["displayName"],
                    role["description"],
                )
        raise NotAllowed(Reason.INVALID_VALUE, f"{resource_app_id!r} has no app role {role_id!r}.")

    def _required(self, permissions: Sequence[str]) -> list[dict[str, Any]]:
        """``requiredResourceAccess`` for application permissions of Microsoft Graph."""
        graph = self._object_of("servicePrincipal", GRAPH_APP_ID)
        roles = {role["value"]: role["id"] for role in graph.body["appRoles"]} if graph else {}
        for value in permissions:
            if value not in roles:
                raise NotFound(value, "permission of Microsoft Graph")
        access = [{"id": roles[value], "type": "Role"} for value in dict.fromkeys(permissions)]
        return [{"resourceAppId": GRAPH_APP_ID, "resourceAccess": access}] if access else []

    def _object_of(self, type_name: str, app_id: str) -> Found | None:
        with self.lock:
            row = self.db.execute(
                "SELECT id FROM objects WHERE type = ? AND deleted IS NULL AND json_extract(body, '$.appId') = ?",
                (type_name, app_id.lower()),
            ).fetchone()
        return self.find(row[0]) if row else None


def redirect_uris_of(application: Mapping[str, Any]) -> list[str]:
    """Every redirect URI of an application, whatever platform it is registered for."""
    platforms = [application.get(name) or {} for name in ("web", "spa", "publicClient")]
    return [uri for platform in platforms for uri in platform.get("redirectUris", ())]
