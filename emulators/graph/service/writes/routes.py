"""Every path of Graph that changes the tenant."""

from __future__ import annotations

from collections.abc import Callable

from emulators.graph.service.operations import Operation
from emulators.graph.service.writes import (
    applications,
    credentials,
    directory,
    federation,
    groups,
    licenses,
    references,
    roles,
    users,
)
from emulators.graph.service.writes.addressing import addressed
from emulators.graph.service.writes.references import Relationship

Add = Callable[[str, str, Operation], None]

_UNITS = ("administrativeUnits", "directory/administrativeUnits")


def add_writes(add: Add) -> None:
    """Register all of them."""
    for part in (_people, _applications, _directory, _roles):
        part(add)


def _people(add: Add) -> None:
    add("POST", "users", users.create)
    add("PATCH", "users/{id}", users.update)
    add("DELETE", "users/{id}", users.delete)
    add("PUT", "users/{id}/manager/$ref", users.set_manager)
    add("DELETE", "users/{id}/manager/$ref", users.remove_manager)
    add("POST", "users/{id}/assignLicense", licenses.assigns("users"))
    add("POST", "groups", groups.create)
    add("PATCH", "groups/{id}", groups.update)
    add("DELETE", "groups/{id}", groups.delete)
    add("POST", "groups/{id}/assignLicense", licenses.assigns("groups"))
    _relationship(add, "groups", references.GROUP_MEMBERS)
    _relationship(add, "groups", references.GROUP_OWNERS)


def _applications(add: Add) -> None:
    add("POST", "applications", applications.create_application)
    add("POST", "servicePrincipals", applications.create_service_principal)
    for entity_set, type_name in (("applications", "application"), ("servicePrincipals", "servicePrincipal")):
        upsert = applications.upsert_service_principal if type_name == "servicePrincipal" else None
        add("PATCH", f"{entity_set}/{{id}}", addressed(type_name, applications.updates(type_name), upsert))
        add("DELETE", f"{entity_set}/{{id}}", addressed(type_name, directory.deletes(type_name)))
    _relationship(_addressing(add), "applications", references.APPLICATION_OWNERS)
    _relationship(_addressing(add), "servicePrincipals", references.SERVICE_PRINCIPAL_OWNERS)
    _credentials(_addressing(add))
    for entity_set, name in (
        ("users", "appRoleAssignments"),
        ("groups", "appRoleAssignments"),
        ("servicePrincipals", "appRoleAssignments"),
        ("servicePrincipals", "appRoleAssignedTo"),
    ):
        put = _addressing(add) if entity_set == "servicePrincipals" else add
        put("POST", f"{entity_set}/{{id}}/{name}", applications.assigns(entity_set, name))
        put("DELETE", f"{entity_set}/{{id}}/{name}/{{id}}", applications.unassigns(entity_set, name))
    add("POST", "oauth2PermissionGrants", applications.consent)
    add("PATCH", "oauth2PermissionGrants/{id}", applications.change_consent)
    add("DELETE", "oauth2PermissionGrants/{id}", applications.withdraw_consent)


def _credentials(add: Add) -> None:
    add("POST", "applications/{id}/addPassword", credentials.add_password)
    add("POST", "applications/{id}/removePassword", credentials.remove_password)
    federated = "applications/{id}/federatedIdentityCredentials"
    add("POST", federated, federation.create)
    add("PATCH", f"{federated}/{{id}}", federation.update)
    add("DELETE", f"{federated}/{{id}}", federation.delete)


def _addressing(add: Add) -> Add:
    """Like ``add``, for operations that want an object id in the first place of the path."""

    def put(method: str, template: str, operation: Operation) -> None:
        type_name = "application" if template.startswith("applications/") else "servicePrincipal"
        add(method, template, addressed(type_name, operation))

    return put


def _directory(add: Add) -> None:
    for entity_set in _UNITS:
        add("POST", entity_set, directory.create_unit)
        add("PATCH", f"{entity_set}/{{id}}", directory.update_unit)
        add("DELETE", f"{entity_set}/{{id}}", directory.deletes("administrativeUnit"))
        _relationship(add, entity_set, references.UNIT_MEMBERS)
    add("DELETE", "devices/{id}", directory.deletes("device"))
    add("DELETE", "directoryObjects/{id}", directory.deletes())
    add("POST", "directory/deletedItems/{id}/restore", directory.restore)
    add("DELETE", "directory/deletedItems/{id}", directory.purge)


def _roles(add: Add) -> None:
    base = "roleManagement/directory"
    add("POST", f"{base}/roleAssignments", roles.assign)
    add("DELETE", f"{base}/roleAssignments/{{id}}", roles.unassign)
    add("POST", f"{base}/roleDefinitions", roles.create_definition)
    add("PATCH", f"{base}/roleDefinitions/{{id}}", roles.update_definition)
    add("DELETE", f"{base}/roleDefinitions/{{id}}", roles.delete_definition)
    add("POST", "directoryRoles", roles.activate)
    add("POST", "directoryRoles/{id}/members/$ref", roles.add_member)
    add("DELETE", "directoryRoles/{id}/members/{id}/$ref", roles.remove_member)


def _relationship(add: Add, entity_set: str, relationship: Relationship) -> None:
    template = f"{entity_set}/{{id}}/{relationship.name}"
    add("POST", f"{template}/$ref", references.adds(relationship))
    add("PATCH", f"{template}/$ref", references.unsupported)
    add("DELETE", f"{template}/$ref", references.removes_by_address(relationship))
    add("DELETE", f"{template}/{{id}}/$ref", references.removes(relationship))
    if entity_set == "groups":
        add("DELETE", f"{template}/{{id}}", references.deletes_object(relationship))
