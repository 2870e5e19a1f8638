"""Applications, service principals, app role assignments and delegated consents."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from emulators.graph.service.delegated import becomes_owner
from emulators.graph.service.errors import GraphError, bad_request, not_found
from emulators.graph.service.messages import Reply
from emulators.graph.service.operations import Call, Operation, assignments
from emulators.graph.service.resources import tables
from emulators.graph.service.resources.directory import TYPE_OF_SET, whole_type
from emulators.graph.service.writes import credentials, payload, registration
from emulators.graph.service.writes.addressing import check_known
from emulators.graph.service.writes.answers import created, done, tenant_of
from emulators.graph.service.writes.refusals import refusals
from emulators.graph.tenant.errors import NotAllowed

_READ_ONLY = frozenset({"id", "deletedDateTime", "createdDateTime", "publisherDomain", "verifiedPublisher"})
_APP_READ_ONLY = _READ_ONLY | {"appId", "createdByAppId"}
_PRINCIPAL_READ_ONLY = _READ_ONLY | {
    "appDisplayName",
    "appOwnerOrganizationId",
    "servicePrincipalType",
    "signInAudience",
}


def create_application(call: Call) -> Reply:
    """``POST /applications``.

    Raises:
        GraphError: 400 for what is missing, unknown or malformed.
    """
    given = payload.properties(payload.parse(call), "application", _APP_READ_ONLY)
    payload.require(given, "displayName")
    passwords, keys = given.pop("passwordCredentials", []), given.pop("keyCredentials", [])
    registration.check(call, given, None)
    tenant = tenant_of(call)
    with tenant.transaction():
        made = tenant.create_application(given["displayName"], properties=given)
        if becomes_owner(call):
            tenant.add_owner(made, call.caller.object_id)
        shown = [credentials.new_password(call, made, one) for one in passwords]
        if keys:
            credentials.replace_keys(call, made, keys)
    call.context.newborn.note(made)
    reply = created(call, whole_type("applications"), made)
    if shown:
        reply.body["passwordCredentials"] = shown
    return reply


def create_service_principal(call: Call) -> Reply:
    """``POST /servicePrincipals``: makes an application that the tenant knows usable in it.

    Raises:
        GraphError: 400 when no application has this id, 409 when it has a service principal already.
    """
    given = payload.properties(payload.parse(call), "servicePrincipal", _PRINCIPAL_READ_ONLY)
    payload.require(given, "appId")
    app_id = str(given["appId"]).lower()
    application = tenant_of(call).application(app_id)
    if application is None or _too_new(call, app_id):
        message = f"The appId '{app_id}' of the service principal does not reference a valid application object."
        raise GraphError(
            400,
            "Request_BadRequest",
            message,
            details=[{"code": "NoBackingApplicationObject", "message": message, "target": "appId"}],
        )
    if _by_app_id(call, "servicePrincipal", app_id) is not None:
        message = (
            "The service principal cannot be created, updated, or restored because the service principal name "
            f"{app_id} is already in use."
        )
        raise GraphError(409, "Request_MultipleObjectsWithSameKeyValue", message)
    made = tenant_of(call).instantiate_application(app_id, {**given, "appId": app_id})
    call.context.newborn.note(made)
    return created(call, whole_type("servicePrincipals"), made)


def upsert_service_principal(call: Call) -> Reply:
    """``PATCH /servicePrincipals(appId='…')`` with ``Prefer: create-if-missing``, where there is none.

    Raises:
        GraphError: as :func:`create_service_principal`; 404 where another key was given.
    """
    name, _, value = call.ids[0].partition("='")
    if name.lower() != "appid":
        raise not_found(call.ids[0])
    body = {**payload.parse(call), "appId": value.rstrip("'")}
    return create_service_principal(replace(call, request=replace(call.request, body=msgspec.json.encode(body))))


def updates(type_name: str) -> Operation:
    """``PATCH`` of an application or a service principal."""
    read_only = _APP_READ_ONLY if type_name == "application" else _PRINCIPAL_READ_ONLY | {"appId"}

    def operation(call: Call) -> Reply:
        given = payload.properties(payload.parse(call), type_name, read_only)
        if type_name == "application":
            _change_credentials(call, given)
            registration.check(call, given, call.ids[0])
        with refusals():
            update = {
                "application": tenant_of(call).update_application,
                "servicePrincipal": tenant_of(call).update_service_principal,
            }[type_name]
            update(call.ids[0], given)
        return done()

    return operation


def assigns(entity_set: str, name: str) -> Operation:
    """``POST …/appRoleAssignments`` of a principal, or ``…/appRoleAssignedTo`` of a service principal."""
    side = "resourceId" if name == "appRoleAssignedTo" else "principalId"

    def operation(call: Call) -> Reply:
        body = payload.parse(call)
        for wanted in ("principalId", "resourceId", "appRoleId"):
            _check_guid(body, wanted)
        for named in ("principalId", "resourceId"):
            check_known(call, str(body[named]))
        tenant = tenant_of(call)
        with refusals(bad_request("Permission being assigned already exists on the object")):
            here = tenant.find(call.ids[0], TYPE_OF_SET[entity_set])
            if str(body[side]).lower() != here.id:
                raise bad_request("Not a valid reference update.")
            try:
                made = tenant.assign_app_role(body["principalId"], body["resourceId"], str(body["appRoleId"]).lower())
            except NotAllowed:
                raise _no_such_role(call, body["resourceId"]) from None
        return created(call, assignments(entity_set, name)(call), made)

    return operation


def unassigns(entity_set: str, name: str) -> Operation:
    """``DELETE …/appRoleAssignments/{id}`` or ``…/appRoleAssignedTo/{id}``."""
    side = "resource" if name == "appRoleAssignedTo" else "principal"

    def operation(call: Call) -> Reply:
        tenant = tenant_of(call)
        with refusals():
            here = tenant.find(call.ids[0], TYPE_OF_SET[entity_set])
            row = tenant.db.execute(
                f"SELECT 1 FROM app_role_assignments WHERE id = ? AND {side} = ?", (call.ids[1], here.key)
            ).fetchone()
            if row is None:
                raise not_found(call.ids[1])
            tenant.remove_app_role_assignment(call.ids[1])
        return done()

    return operation


def consent(call: Call) -> Reply:
    """``POST /oauth2PermissionGrants``.

    Raises:
        GraphError: 400 for what is missing or contradicts itself and for a consent that is there, 404 for unknown objects.
    """
    body = payload.properties(payload.parse(call), "oAuth2PermissionGrant", {"id"})
    payload.require(body, "clientId", "consentType", "resourceId")
    one = body["consentType"] == "Principal"
    if body["consentType"] not in ("AllPrincipals", "Principal") or one is not bool(body.get("principalId")):
        raise payload.invalid_value("consentType", "oAuth2PermissionGrant")
    key = (body["clientId"], body["resourceId"], body.get("principalId"))
    taken = call.context.db.execute(
        "SELECT 1 FROM oauth2_permission_grants WHERE deleted IS NULL AND json_extract(body, '$.clientId') = ?"
        " AND json_extract(body, '$.resourceId') = ? AND json_extract(body, '$.principalId') IS ?",
        key,
    ).fetchone()
    if taken is not None:
        raise bad_request("Permission entry already exists.")
    with refusals():
        made = tenant_of(call).create_oauth2_grant(
            body["clientId"], body["resourceId"], body.get("scope") or "", principal_id=body.get("principalId")
        )
    return created(call, tables.oauth2_permission_grants(), made)


def change_consent(call: Call) -> Reply:
    """``PATCH /oauth2PermissionGrants/{id}``: its scope only.

    Raises:
        GraphError: 404 for no such grant, 400 for other properties.
    """
    fixed = {"id", "clientId", "consentType", "principalId", "resourceId"}
    body = payload.properties(payload.parse(call), "oAuth2PermissionGrant", fixed)
    with refusals():
        tenant_of(call).update_oauth2_grant(call.ids[0], body.get("scope") or "")
    return done()


def withdraw_consent(call: Call) -> Reply:
    """``DELETE /oauth2PermissionGrants/{id}``.

    Raises:
        GraphError: 404 for no such grant.
    """
    with refusals():
        tenant_of(call).delete_oauth2_grant(call.ids[0])
    return done()


def _check_guid(body: Mapping[str, Any], name: str) -> None:
    try:
        uuid.UUID(str(body[name]))
    except (KeyError, ValueError):
        raise payload.invalid_value(name, "appRoleAssignment") from None


def _no_such_role(call: Call, resource_id: str) -> GraphError:
    app_id = tenant_of(call).find(resource_id).body.get("appId")
    if app_id is None:
        return payload.invalid_value("appRoleId", "appRoleAssignment")
    return bad_request(f"Permission being assigned was not found on application '{app_id}'.")


def _change_credentials(call: Call, given: dict[str, Any]) -> None:
    """Take credentials out of what is given, and let the application have those."""
    for name, change in (
        ("passwordCredentials", credentials.replace_passwords),
        ("keyCredentials", credentials.replace_keys),
    ):
        some = given.pop(name, None)
        if some is not None:
            change(call, call.ids[0], some)


def _too_new(call: Call, app_id: str) -> bool:
    own = _by_app_id(call, "application", app_id)
    return own is not None and call.context.newborn.unknown(own, call.context.variants.new_object_seconds)


def _by_app_id(call: Call, type_name: str, app_id: str) -> str | None:
    row = (
        tenant_of(call)
        .db.execute(
            "SELECT id FROM objects WHERE type = ? AND deleted IS NULL AND json_extract(body, '$.appId') = ?",
            (type_name, app_id),
        )
        .fetchone()
    )
    return str(row[0]) if row else None
