"""``$expand``: relationships shown inside objects, at most 20 of each, without a next link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emulators.graph.service.context import Context
from emulators.graph.service.errors import GraphError, bad_request
from emulators.graph.service.messages import Caller
from emulators.graph.service.odata.query import Expand, Query
from emulators.graph.service.permissions import may_read_hidden_members
from emulators.graph.service.resources import app_roles
from emulators.graph.service.resources.joined import marks
from emulators.graph.service.resources.shaping import (
    OBJECT_FIELDS,
    ObjectRow,
    hides_members,
    object_rows,
    shape_objects,
)
from emulators.graph.service.resources.types import EntityType

MOST_EXPANDED = 20
_MOST_LEVELS = 50  # of managers: a chain that bites its own tail ends somewhere

# (relationship column to look along, column that it leads to, rel)
_EDGES: dict[tuple[str, str], tuple[str, str, int]] = {
    ("group", "members"): ("source", "target", 1),
    ("group", "owners"): ("source", "target", 2),
    ("group", "memberOf"): ("target", "source", 1),
    ("servicePrincipal", "owners"): ("source", "target", 2),
    ("servicePrincipal", "memberOf"): ("target", "source", 1),
    ("application", "owners"): ("source", "target", 2),
    ("directoryRole", "members"): ("source", "target", 1),
    ("administrativeUnit", "members"): ("source", "target", 1),
    ("user", "manager"): ("source", "target", 3),
    ("user", "memberOf"): ("target", "source", 1),
    ("user", "ownedObjects"): ("target", "source", 2),
    ("user", "directReports"): ("target", "source", 3),
    ("device", "memberOf"): ("target", "source", 1),
    ("orgContact", "memberOf"): ("target", "source", 1),
}
_ASSIGNMENTS = {"appRoleAssignedTo": "resource", "appRoleAssignments": "principal"}


def expand(
    context: Context,
    caller: Caller,
    query: Query,
    entity: EntityType,
    *,
    objects: Sequence[ObjectRow],
    made: Sequence[dict[str, Any]],
) -> None:
    """Add to each of ``made`` what ``$expand`` asks for.

    Raises:
        GraphError: 400 for relationships that are unknown or not offered, and for more than one.
    """
    if len(query.expand) > 1:
        raise bad_request("Only one relationship can be expanded in a single request.")
    for wanted in query.expand:
        _check(entity, wanted.name)
        if wanted.name == "manager":
            managers = _managers(context, caller, [one.key for one in objects], wanted.select, wanted.levels)
            for one, item in zip(objects, made, strict=True):
                item.update({"manager": managers[one.key]} if one.key in managers else {})
            return
        for one, item in zip(objects, made, strict=True):
            item.update(_expanded(context, caller, entity, one, wanted))


def _expanded(context: Context, caller: Caller, entity: EntityType, one: ObjectRow, wanted: Expand) -> dict[str, Any]:
    if wanted.name in _ASSIGNMENTS:
        side = _ASSIGNMENTS[wanted.name]
        return {wanted.name: app_roles.first_assignments(context.db, side, one.key, MOST_EXPANDED, wanted.select)}
    hidden = (entity.name, wanted.name) == ("group", "members") and hides_members(context, one.key)
    if hidden and not may_read_hidden_members(caller.roles):
        return {wanted.name: []}
    return {wanted.name: _related(context, caller, one.key, _EDGES[entity.name, wanted.name], wanted.select)}


def _managers(
    context: Context, caller: Caller, users: Sequence[int], select: Sequence[str], levels: int
) -> dict[int, dict[str, Any]]:
    """The managers of a whole page of users, each with its own managers inside, up to ``levels`` of them."""
    rows = context.db.execute(
        f"SELECT e.source, {OBJECT_FIELDS} FROM edges e JOIN objects o ON o.key = e.target AND o.deleted IS NULL"
        f" WHERE e.rel = 3 AND e.source IN ({marks(users)})",
        tuple(users),
    ).fetchall()
    distinct = list({row[1]: row for row in rows}.values())
    shaped = shape_objects(context, caller, object_rows(distinct), select)
    items = {row[1]: item for row, item in zip(distinct, shaped, strict=True)}
    if items and levels > 1:
        above = _managers(context, caller, list(items), select, min(levels, _MOST_LEVELS) - 1)
        items = {key: item | ({"manager": above[key]} if key in above else {}) for key, item in items.items()}
    return {row[0]: items[row[1]] for row in rows}


def _related(
    context: Context, caller: Caller, key: int, edge: tuple[str, str, int], select: Sequence[str]
) -> list[dict[str, Any]]:
    here, there, rel = edge
    rows = context.db.execute(
        f"SELECT {OBJECT_FIELDS} FROM edges e JOIN objects o ON o.key = e.{there}"
        f" WHERE e.rel = ? AND e.{here} = ? AND o.deleted IS NULL ORDER BY o.key LIMIT ?",
        (rel, key, MOST_EXPANDED),
    )
    return shape_objects(context, caller, object_rows(rows), select)


def _check(entity: EntityType, name: str) -> None:
    if name in entity.navigation and ((entity.name, name) in _EDGES or name in _ASSIGNMENTS):
        return
    if name in entity.navigation:
        message = f"Expand is not allowed for property '{name}' according to the entity schema."
        raise GraphError(400, "ExpandNotSupported", message)
    raise GraphError(
        400,
        "BadRequest",
        "Parsing OData Select and Expand failed: "
        f"Could not find a property named '{name}' on type 'microsoft.graph.{entity.name}'.",
    )
