"""Adding and removing one relationship: members and owners, through ``$ref``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emulators.graph.service.errors import GraphError, access_denied, bad_request, not_found
from emulators.graph.service.messages import Reply
from emulators.graph.service.operations import Call, Operation
from emulators.graph.service.writes import payload
from emulators.graph.service.writes.answers import done, tenant_of
from emulators.graph.service.writes.groups import check_role_assignable
from emulators.graph.service.writes.management import may_manage_type
from emulators.graph.service.writes.refusals import conflict, reference_exists, refusals
from emulators.graph.tenant.state import Rel
from emulators.graph.tenant.tenant import Tenant

_Verb = Callable[[Tenant, str, str], None]


@dataclass(frozen=True, slots=True)
class Relationship:
    """A relationship that can be changed.

    Attributes:
        type: type of the object that has it.
        name: ``members`` or ``owners``.
        rel: its kind.
        add: verb that adds.
        remove: verb that removes.
        already: makes the answer where it is there already.
    """

    type: str
    name: str
    rel: Rel
    add: _Verb
    remove: _Verb
    already: Callable[[], GraphError]


def _owners(type_name: str) -> Relationship:
    return Relationship(
        type_name, "owners", Rel.OWNER, Tenant.add_owner, Tenant.remove_owner, lambda: reference_exists("owners")
    )


GROUP_MEMBERS = Relationship(
    "group", "members", Rel.MEMBER, Tenant.add_member, Tenant.remove_member, lambda: reference_exists("members")
)
GROUP_OWNERS = _owners("group")
SERVICE_PRINCIPAL_OWNERS = _owners("servicePrincipal")
APPLICATION_OWNERS = _owners("application")
UNIT_MEMBERS = Relationship(
    "administrativeUnit", "members", Rel.MEMBER, Tenant.add_au_member, Tenant.remove_au_member, conflict
)


def adds(relationship: Relationship) -> Operation:
    """``POST …/{id}/members/$ref``: 400 when it is there already, 404 when one of the two objects is not."""

    def operation(call: Call) -> Reply:
        other = payload.reference(payload.parse(call))
        with refusals(relationship.already()):
            _check(call, relationship)
            relationship.add(tenant_of(call), call.ids[0], other)
        return done()

    return operation


def removes(relationship: Relationship) -> Operation:
    """``DELETE …/{id}/members/{id}/$ref``: 404 when there is no such relationship."""

    def operation(call: Call) -> Reply:
        return _remove(call, relationship, call.ids[1])

    return operation


def removes_by_address(relationship: Relationship) -> Operation:
    """``DELETE …/{id}/members/$ref?@id={address}``: the other spelling that OData has."""

    def operation(call: Call) -> Reply:
        addresses = [value for name, value in call.request.options if name.lower().lstrip("$") in ("@id", "id")]
        if len(addresses) != 1:
            raise bad_request("The reference to remove must be given in the '@id' query option.", "BadRequest")
        return _remove(call, relationship, payload.referred(addresses[0]))

    return operation


def deletes_object(relationship: Relationship) -> Operation:
    """``DELETE …/{id}/members/{id}`` without ``/$ref``: deletes the member itself from the directory.

    This is a documented trap of the real service, kept on purpose. 403 where the caller may not delete such objects.
    """

    def operation(call: Call) -> Reply:
        with refusals():
            tenant = tenant_of(call)
            source, other = tenant.find(call.ids[0], relationship.type), tenant.find(call.ids[1])
            row = tenant.db.execute(
                "SELECT 1 FROM edges WHERE rel = ? AND source = ? AND target = ?",
                (relationship.rel, source.key, other.key),
            ).fetchone()
            if row is None:
                raise not_found(call.ids[1])
            if not may_manage_type(other.type, call.caller.roles):
                raise access_denied()
            tenant.delete_object(other.id)
        return done()

    return operation


def unsupported(_call: Call) -> Reply:
    """``PATCH …/members/$ref``, which other services have and this one does not.

    Raises:
        GraphError: always.
    """
    raise bad_request("The request is currently not supported on the targeted entity set", "BadRequest")


def _remove(call: Call, relationship: Relationship, other: str) -> Reply:
    with refusals():
        _check(call, relationship)
        relationship.remove(tenant_of(call), call.ids[0], other)
    return done()


def _check(call: Call, relationship: Relationship) -> None:
    found = tenant_of(call).find(call.ids[0], relationship.type)
    if found.type == "group":
        check_role_assignable(call, found)
