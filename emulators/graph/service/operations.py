"""What each path of Graph answers. A path template names the operation in costs, permissions and metrics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from emulators.graph.service import listing
from emulators.graph.service.context import Context
from emulators.graph.service.errors import GraphError, bad_request, not_found, premium_license_required
from emulators.graph.service.messages import Caller, Reply, Request
from emulators.graph.service.odata.query import parse_query, refuse
from emulators.graph.service.permissions import may_read_hidden_members
from emulators.graph.service.resources import app_roles, directory, roles, shaping, tables
from emulators.graph.service.resources.collection import UNPAGED, Collection
from emulators.graph.service.resources.types import DIRECTORY_OBJECTS

_MOST_IDS = 1000


@dataclass(frozen=True, slots=True)
class Call:
    """One request as an operation sees it; ``ids`` are the values of ``{id}`` in the template, in order."""

    context: Context
    request: Request
    caller: Caller
    ids: tuple[str, ...]


Operation = Callable[[Call], Reply]
Find = Callable[[Call], Collection]


def lists(find: Find) -> Operation:
    """Lists a collection."""

    def operation(call: Call) -> Reply:
        return listing.list_page(call.context, call.request, call.caller, find(call))

    return operation


def refers(find: Find) -> Operation:
    """Lists references to the objects of a collection."""

    def operation(call: Call) -> Reply:
        return listing.references(call.context, call.request, call.caller, find(call))

    return operation


def reads(find: Find) -> Operation:
    """Reads one item, whose id is the last of the path."""

    def operation(call: Call) -> Reply:
        return listing.single(call.context, call.request, call.caller, find(call), call.ids[-1])

    return operation


def me(call: Call) -> Reply:
    """The person who is signed in.

    Raises:
        GraphError: 400 where an application asks for itself.
    """
    if not call.caller.delegated:
        raise bad_request("/me request is only valid with delegated authentication flow.", "BadRequest")
    users = directory.whole_type("users")
    return listing.single(call.context, call.request, call.caller, users, call.caller.object_id)


def counts(find: Find) -> Operation:
    """Counts a collection."""

    def operation(call: Call) -> Reply:
        return listing.plain_count(call.context, call.request, find(call))

    return operation


def edges(entity_set: str, name: str, rel: int, *, forward: bool) -> Find:
    """The collection of objects that are related to one object."""
    type_name = directory.TYPE_OF_SET[entity_set]

    def find(call: Call) -> Collection:
        key = directory.key_of(call.context, type_name, call.ids[0])
        page = UNPAGED if (entity_set, name) == ("directoryRoles", "members") else None
        found = directory.related("directoryObjects", key, rel, forward=forward, page=page)
        if name == "members" and type_name in ("group", "administrativeUnit"):
            found = _disclosed(call, key, found)
        hidden = call.context.variants.members_hide_service_principals and call.request.version == "v1.0"
        if (entity_set, name) == ("groups", "members") and hidden:
            return directory.without_type(found, "servicePrincipal")
        return found

    return find


def transitive(entity_set: str, *, forward: bool) -> Find:
    """Members through groups, or groups and roles through groups."""
    type_name = directory.TYPE_OF_SET[entity_set]

    def find(call: Call) -> Collection:
        key = directory.key_of(call.context, type_name, call.ids[0])
        found = directory.transitive("directoryObjects", key, forward=forward)
        return _disclosed(call, key, found) if (entity_set, forward) == ("groups", True) else found

    return find


def _disclosed(call: Call, group: int, members: Collection) -> Collection:
    """Members of a group or unit, or nobody where membership is hidden and the caller may not read hidden members."""
    if may_read_hidden_members(call.caller.roles) or not shaping.hides_members(call.context, group):
        return members
    return replace(members, where="0", parameters=())


def cast_of(find: Find) -> Find:
    """A collection cast to the type that the last segment of the path names."""

    def cast(call: Call) -> Collection:
        segments = [part for part in call.request.segments if part.startswith("microsoft.graph.")]
        return directory.cast(find(call), segments[-1])

    return cast


def assignments(entity_set: str, name: str) -> Find:
    """App role assignments on one service principal, or of one principal."""
    side = "resource" if name == "appRoleAssignedTo" else "principal"

    def find(call: Call) -> Collection:
        key = directory.key_of(call.context, directory.TYPE_OF_SET[entity_set], call.ids[0])
        return app_roles.app_role_assignments(f"{entity_set}('{call.ids[0]}')/{name}", side, key)

    return find


def license_details(call: Call) -> Collection:
    """Subscriptions of a user."""
    key = directory.key_of(call.context, "user", call.ids[0])
    return tables.license_details(f"users('{call.ids[0]}')/licenseDetails", key)


def jobs(call: Call) -> Collection:
    """Provisioning jobs of a service principal."""
    key = directory.key_of(call.context, "servicePrincipal", call.ids[0])
    return tables.synchronization_jobs(f"servicePrincipals('{call.ids[0]}')/synchronization/jobs", key)


def subscribed_skus(call: Call) -> Collection:
    """The tenant's subscriptions."""
    return tables.subscribed_skus(call.context.tenant.id)


def role_assignments(call: Call) -> Collection:
    """Role assignments; a variant asks for a filter, as documents until 2022 did.

    Raises:
        GraphError: 400 when that filter is missing.
    """
    names = {name.lower().lstrip("$") for name, _ in call.request.options}
    listing_all = not call.ids and "filter" not in names
    if call.context.variants.role_assignments_require_filter and listing_all:
        raise GraphError(
            400, "Request_BadRequest", "The filter must contain 'roleDefinitionId' or 'principalId' with operator 'eq'."
        )
    return roles.role_assignments()


def premium(find: Find) -> Find:
    """A collection of Privileged Identity Management, which needs its license."""

    def checked(call: Call) -> Collection:
        if not call.context.has_premium("p2"):
            raise premium_license_required()
        return find(call)

    return checked


def manager(call: Call) -> Reply:
    """The manager of a user.

    Raises:
        GraphError: 404 when there is none.
    """
    query = parse_query(call.request.options)
    refuse(query, "$select")
    key = directory.key_of(call.context, "user", call.ids[0])
    found = directory.related("directoryObjects", key, 3, forward=True)
    sql = f"SELECT {found.fields} FROM {found.source} WHERE {found.where}"
    rows = call.context.db.execute(sql, found.parameters).fetchall()
    if not rows:
        raise not_found("manager")
    item = shaping.shape_objects(call.context, call.caller, shaping.object_rows(rows), query.select)[0]
    return Reply(200, {"@odata.context": f"{call.request.base}/$metadata#directoryObjects/$entity"} | item)


def mailbox_settings(call: Call) -> Reply:
    """The settings of a user's mailbox."""
    item = _mailbox(call)
    return Reply(200, {"@odata.context": _mailbox_context(call)} | item)


def user_purpose(call: Call) -> Reply:
    """What a user's mailbox is for."""
    purpose = _mailbox(call)["userPurpose"]
    return Reply(200, {"@odata.context": f"{_mailbox_context(call)}/userPurpose", "value": purpose})


def _mailbox(call: Call) -> dict[str, object]:
    refuse(parse_query(call.request.options), "$select")
    return tables.mailbox_settings(call.context, directory.key_of(call.context, "user", call.ids[0]))


def _mailbox_context(call: Call) -> str:
    return f"{call.request.base}/$metadata#users('{call.ids[0]}')/mailboxSettings"


class _GetByIds(msgspec.Struct):
    ids: tuple[str, ...]
    types: tuple[str, ...] = ()


def get_by_ids(call: Call) -> Reply:
    """Directory objects by id, up to 1,000; ids that do not exist are left out.

    Raises:
        GraphError: 400 for a body that is not understood or asks for too many.
    """
    query = parse_query(call.request.options)
    refuse(query, "$select")
    try:
        wanted = msgspec.json.decode(call.request.body, type=_GetByIds)
    except msgspec.MsgspecError:
        raise bad_request("Unable to read JSON request payload.", "BadRequest") from None
    if len(wanted.ids) > _MOST_IDS:
        raise bad_request(f"Number of included identifiers cannot exceed '{_MOST_IDS}'.")
    types = DIRECTORY_OBJECTS if "directoryObject" in wanted.types or not wanted.types else wanted.types
    rows = []
    for identifier in dict.fromkeys(wanted.ids):
        sql = f"SELECT {shaping.OBJECT_FIELDS} FROM objects o WHERE o.id = ? AND o.deleted IS NULL"
        rows += call.context.db.execute(sql, (identifier.lower(),)).fetchall()
    objects = [one for one in shaping.object_rows(rows) if one.type in types]
    items = shaping.shape_objects(call.context, call.caller, objects, query.select)
    return Reply(200, {"@odata.context": f"{call.request.base}/$metadata#directoryObjects", "value": items})
