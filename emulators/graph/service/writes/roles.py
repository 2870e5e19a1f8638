"""Directory roles: assignments, custom definitions, activation of roles and their members."""

from __future__ import annotations

from typing import Any

import msgspec

from emulators.graph.service.errors import bad_request, not_found
from emulators.graph.service.messages import Reply
from emulators.graph.service.operations import Call
from emulators.graph.service.resources import roles
from emulators.graph.service.resources.directory import whole_type
from emulators.graph.service.writes import payload
from emulators.graph.service.writes.answers import created, done, tenant_of
from emulators.graph.service.writes.refusals import conflict, reference_exists, refusals
from emulators.graph.service.writes.scopes import check_scope
from emulators.graph.tenant.errors import NotFound
from emulators.graph.tenant.role_verbs import role_assignment_id
from emulators.graph.tenant.state import Found

_DEFINITION_READ_ONLY = frozenset({"isBuiltIn"})
_KEY = "roletemplateid="


def assign(call: Call) -> Reply:
    """``POST /roleManagement/directory/roleAssignments``: permanent and active.

    Raises:
        GraphError: 400 for what is missing or not allowed and for an assignment that is there, 404 for unknown objects.
    """
    body = payload.properties(payload.parse(call), "unifiedRoleAssignment", {"id"})
    payload.require(body, "principalId", "roleDefinitionId")
    scope, app_scope = scope_of(body)
    if not app_scope:
        check_scope(tenant_of(call), str(body["roleDefinitionId"]).lower(), scope)
    with refusals(conflict()):
        made = tenant_of(call).assign_role(
            body["principalId"], str(body["roleDefinitionId"]).lower(), scope, app_scope=app_scope
        )
    return created(call, roles.role_assignments(), made)


def scope_of(body: dict[str, Any]) -> tuple[str, bool]:
    """The scope of a role, and whether it is one of an application.

    Raises:
        GraphError: 400 unless exactly one of ``directoryScopeId`` and ``appScopeId`` is given.
    """
    directory, app = body.get("directoryScopeId"), body.get("appScopeId")
    if bool(directory) is bool(app):
        raise bad_request("Exactly one of 'directoryScopeId' and 'appScopeId' must be given.")
    return str(directory or app), bool(app)


def unassign(call: Call) -> Reply:
    """``DELETE /roleManagement/directory/roleAssignments/{id}``.

    Raises:
        GraphError: 404 for no such assignment.
    """
    with refusals():
        tenant_of(call).remove_role_assignment(call.ids[0])
    return done()


def create_definition(call: Call) -> Reply:
    """``POST /roleManagement/directory/roleDefinitions``: a custom role.

    Raises:
        GraphError: 400 for what is missing, unknown or malformed.
    """
    body = payload.properties(payload.parse(call), "unifiedRoleDefinition", {"id", *_DEFINITION_READ_ONLY})
    payload.require(body, "displayName", "rolePermissions", "isEnabled")
    made = tenant_of(call).create_role_definition(
        body["displayName"],
        description=body.get("description"),
        enabled=body["isEnabled"],
        actions=_actions(body["rolePermissions"]),
    )
    return created(call, roles.role_definitions(), made)


def update_definition(call: Call) -> Reply:
    """``PATCH /roleManagement/directory/roleDefinitions/{id}`` of a custom role.

    Raises:
        GraphError: 404 for no such role, 400 for a built-in one and for what is unknown or malformed.
    """
    fixed = {"id", "templateId", *_DEFINITION_READ_ONLY}
    body = payload.properties(payload.parse(call), "unifiedRoleDefinition", fixed)
    if "rolePermissions" in body:
        actions = _actions(body["rolePermissions"])
        body["rolePermissions"] = [{"allowedResourceActions": actions, "condition": None}]
    with refusals():
        tenant_of(call).update_role_definition(call.ids[0], body)
    return done()


def delete_definition(call: Call) -> Reply:
    """``DELETE /roleManagement/directory/roleDefinitions/{id}`` of a custom role.

    Raises:
        GraphError: 404 for no such role, 400 for a built-in one.
    """
    with refusals():
        tenant_of(call).delete_role_definition(call.ids[0])
    return done()


def activate(call: Call) -> Reply:
    """``POST /directoryRoles``: makes a role of a template usable through ``/directoryRoles``.

    Raises:
        GraphError: 400 when it is active already, 404 for an unknown template.
    """
    body = payload.properties(payload.parse(call), "directoryRole", {"id"})
    payload.require(body, "roleTemplateId")
    with refusals(conflict()):
        made = tenant_of(call).activate_directory_role(str(body["roleTemplateId"]).lower())
    return created(call, whole_type("directoryRoles"), made)


def add_member(call: Call) -> Reply:
    """``POST /directoryRoles/{id}/members/$ref``; the role may be named as ``roleTemplateId={id}`` as well.

    Raises:
        GraphError: 404 for an inactive role or an unknown object, 400 when it is a member already.
    """
    principal = payload.reference(payload.parse(call))
    with refusals(reference_exists("members")):
        template = _role(call).body["roleTemplateId"]
        tenant_of(call).assign_role(principal, template)
    return done()


def remove_member(call: Call) -> Reply:
    """``DELETE /directoryRoles/{id}/members/{id}/$ref``.

    Raises:
        GraphError: 404 for an inactive role or no such member.
    """
    with refusals():
        template, tenant = _role(call).body["roleTemplateId"], tenant_of(call)
        principal = tenant.find(call.ids[1])
        try:
            tenant.remove_role_assignment(role_assignment_id(template, principal.id, "/"))
        except NotFound:
            raise not_found(call.ids[1]) from None
    return done()


def _role(call: Call) -> Found:
    identifier, tenant = call.ids[0], tenant_of(call)
    if not identifier.lower().startswith(_KEY):
        return tenant.find(identifier, "directoryRole")
    template = identifier[len(_KEY) :].strip("'").lower()
    row = tenant.db.execute(
        "SELECT id FROM objects WHERE type = 'directoryRole' AND json_extract(body, '$.roleTemplateId') = ?",
        (template,),
    ).fetchone()
    if row is None:
        raise NotFound(template, "directoryRole")
    return tenant.find(row[0])


class _Permission(msgspec.Struct, rename="camel"):
    allowed_resource_actions: list[str]


def _actions(permissions: Any) -> list[str]:
    try:
        parsed = msgspec.convert(permissions, list[_Permission])
    except msgspec.ValidationError:
        raise payload.invalid_value("rolePermissions", "unifiedRoleDefinition") from None
    return [action for permission in parsed for action in permission.allowed_resource_actions]
