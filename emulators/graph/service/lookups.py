"""Actions that look up what an object belongs to, through any depth of groups: ids in, ids out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import msgspec

from emulators.graph.service.errors import GraphError, bad_request
from emulators.graph.service.messages import Reply
from emulators.graph.service.operations import Call, Find, Operation, lists
from emulators.graph.service.resources import directory, tables
from emulators.graph.service.resources.collection import Collection

_MOST_FOUND = 11_000
_MOST_ASKED = 20
_OBJECTS = "directoryObjects"


class _Get(msgspec.Struct, rename="camel"):
    security_enabled_only: bool = False


class _Check(msgspec.Struct, rename="camel"):
    ids: tuple[str, ...] = ()
    group_ids: tuple[str, ...] = ()


_Asked = TypeVar("_Asked", bound=msgspec.Struct)


def add_lookups(add: Callable[[str, str, Operation], None]) -> None:
    """Add the routes of all lookups."""
    for entity_set in ("users", "groups", "servicePrincipals", _OBJECTS):
        for name, groups_only in (("MemberGroups", True), ("MemberObjects", False)):
            add("POST", f"{entity_set}/{{id}}/get{name}", _get(entity_set, groups_only=groups_only))
            add("POST", f"{entity_set}/{{id}}/check{name}", _check(entity_set, groups_only=groups_only))
    for entity_set, side in (("users", "principalId"), ("servicePrincipals", "clientId")):
        add("GET", f"{entity_set}/{{id}}/oauth2PermissionGrants", lists(_grants(entity_set, side)))


def _get(entity_set: str, *, groups_only: bool) -> Operation:
    def operation(call: Call) -> Reply:
        secure = _body(call, _Get).security_enabled_only
        found = [one for one, enabled in _belongs(call, entity_set, groups_only=groups_only) if enabled or not secure]
        if len(found) > _MOST_FOUND:
            message = "The request exceeded the maximum number of memberships that can be returned."
            raise GraphError(400, "Directory_ResultSizeLimitExceeded", message)
        return _ids(call, found)

    return operation


def _check(entity_set: str, *, groups_only: bool) -> Operation:
    def operation(call: Call) -> Reply:
        body = _body(call, _Check)
        asked = body.group_ids if groups_only else body.ids
        if len(asked) > _MOST_ASKED:
            raise bad_request(f"Number of included identifiers cannot exceed '{_MOST_ASKED}'.")
        wanted = {identifier.lower() for identifier in asked}
        belongs = _belongs(call, entity_set, groups_only=groups_only)
        return _ids(call, [one for one, _ in belongs if one in wanted])

    return operation


def _belongs(call: Call, entity_set: str, *, groups_only: bool) -> list[tuple[str, bool]]:
    """Ids of groups, and of directory roles and units as well; and whether each is enabled for security."""
    if entity_set == _OBJECTS:
        row = call.context.db.execute("SELECT type FROM objects WHERE id = ?", (call.ids[0].lower(),)).fetchone()
        type_name = row[0] if row else "user"
    else:
        type_name = directory.TYPE_OF_SET[entity_set]
    key = directory.key_of(call.context, type_name, call.ids[0])
    found = directory.transitive(_OBJECTS, key, forward=False)
    sql = (
        "SELECT o.id, o.type <> 'group' OR coalesce(json_extract(o.body, '$.securityEnabled'), 0)"
        f" FROM {found.source} WHERE {found.where} AND (o.type = 'group' OR ?) ORDER BY o.key"
    )
    rows = call.context.db.execute(sql, (*found.parameters, not groups_only))
    return [(identifier, bool(enabled)) for identifier, enabled in rows]


def _grants(entity_set: str, side: str) -> Find:
    """Delegated permissions of one user, or of one client."""

    def find(call: Call) -> Collection:
        directory.key_of(call.context, directory.TYPE_OF_SET[entity_set], call.ids[0])
        grants = tables.oauth2_permission_grants()
        where = f"({grants.where}) AND json_extract(x.body, '$.{side}') = ?"
        return replace(grants, where=where, parameters=(*grants.parameters, call.ids[0].lower()))

    return find


def _body(call: Call, kind: type[_Asked]) -> _Asked:
    try:
        return msgspec.json.decode(call.request.body or b"{}", type=kind)
    except msgspec.MsgspecError:
        raise bad_request("Unable to read JSON request payload.", "BadRequest") from None


def _ids(call: Call, found: list[str]) -> Reply:
    return Reply(200, {"@odata.context": f"{call.request.base}/$metadata#Collection(Edm.String)", "value": found})
