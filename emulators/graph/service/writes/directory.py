"""Administrative units, deleted items, and deleting any directory object."""

from __future__ import annotations

from emulators.graph.service.errors import access_denied, not_found
from emulators.graph.service.messages import Reply
from emulators.graph.service.operations import Call, Operation
from emulators.graph.service.resources.directory import any_object, whole_type
from emulators.graph.service.writes import payload
from emulators.graph.service.writes.answers import created, done, tenant_of
from emulators.graph.service.writes.management import may_manage_type
from emulators.graph.service.writes.refusals import refusals
from emulators.graph.tenant.state import Found

_READ_ONLY = frozenset({"id", "deletedDateTime"})


def create_unit(call: Call) -> Reply:
    """``POST /directory/administrativeUnits``.

    Raises:
        GraphError: 400 for what is missing, unknown or malformed.
    """
    given = payload.properties(payload.parse(call), "administrativeUnit", _READ_ONLY)
    payload.require(given, "displayName")
    made = tenant_of(call).create_administrative_unit(given["displayName"], properties=given)
    return created(call, whole_type("directory/administrativeUnits"), made)


def update_unit(call: Call) -> Reply:
    """``PATCH /directory/administrativeUnits/{id}``.

    Raises:
        GraphError: 404 for no such unit, 400 for what is unknown or malformed.
    """
    given = payload.properties(payload.parse(call), "administrativeUnit", _READ_ONLY)
    with refusals():
        tenant_of(call).update_administrative_unit(call.ids[0], given)
    return done()


def deletes(*types: str) -> Operation:
    """``DELETE`` of an object of one of these types; of any type where none is given."""

    def operation(call: Call) -> Reply:
        with refusals():
            found = tenant_of(call).find(call.ids[0], *types)
            if not types and not may_manage_type(found.type, call.caller.roles):
                raise access_denied()
            tenant_of(call).delete_object(found.id)
        return done()

    return operation


def restore(call: Call) -> Reply:
    """``POST /directory/deletedItems/{id}/restore``: 200 with the object.

    Raises:
        GraphError: 404 when nothing restorable has this id, 403 where the caller may not manage such objects.
    """
    deleted = _deleted(call)
    with refusals():
        tenant_of(call).restore_object(deleted.id)
    return created(call, any_object(), deleted.id, status=200)


def purge(call: Call) -> Reply:
    """``DELETE /directory/deletedItems/{id}``: for good.

    Raises:
        GraphError: 404 when nothing restorable has this id, 403 where the caller may not manage such objects.
    """
    deleted = _deleted(call)
    with refusals():
        tenant_of(call).purge_object(deleted.id)
    return done()


def _deleted(call: Call) -> Found:
    identifier = call.ids[0]
    row = call.context.db.execute(
        "SELECT 1 FROM objects WHERE id = ? AND deleted = 'changed'", (identifier.lower(),)
    ).fetchone()
    if row is None:
        raise not_found(identifier)
    found = tenant_of(call).find(identifier, deleted=True)
    if not may_manage_type(found.type, call.caller.roles):
        raise access_denied()
    return found
