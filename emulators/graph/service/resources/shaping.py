"""Makes JSON of directory objects: selected properties, empty values for what was never set, data of other tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from emulators.graph.service.context import Context
from emulators.graph.service.errors import bad_request, unknown_property
from emulators.graph.service.messages import Caller
from emulators.graph.service.odata.query import Query
from emulators.graph.service.permissions import may_read_type, visible_properties
from emulators.graph.service.resources.collection import Row
from emulators.graph.service.resources.joined import JOINED
from emulators.graph.service.resources.types import TYPES, EntityType

# Values go from the database to the answer as they are.
_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

OBJECT_FIELDS = "o.key, o.id, o.type, o.body, o.deleted_at"


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """One row of ``objects``; its body is decoded once, when needed."""

    key: int
    id: str
    type: str
    body: str
    deleted_at: str | None


def object_rows(rows: Iterable[Row]) -> list[ObjectRow]:
    """The rows of a query that ends in :data:`OBJECT_FIELDS`."""
    return [ObjectRow(*row[-5:]) for row in rows]


def shape_mixed(context: Context, caller: Caller, query: Query, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Objects of several types, each with its ``@odata.type``.

    Of types that the caller may not read only the id is shown, as documented ("limited information returned").
    """
    if query.expand:
        raise bad_request("$expand is not supported on directory objects of several types.")
    _check_any(query.select)
    return shape_objects(context, caller, object_rows(rows), query.select)


def shape_objects(
    context: Context, caller: Caller, objects: Sequence[ObjectRow], select: Sequence[str]
) -> list[dict[str, Any]]:
    """Objects of any type, in order, each with its ``@odata.type``."""
    made: dict[int, dict[str, Any]] = {}
    for name in {one.type for one in objects}:
        entity = TYPES[name]
        same = [one for one in objects if one.type == name]
        names = [prop for prop in select if prop in entity.kinds] if select else entity.default
        if may_read_type(name, caller.roles):
            shaped = shape_same(context, same, names, entity, annotate=True)
            conceal(shaped, entity, caller)
        else:
            shaped = [_limited(one, names, entity) for one in same]
        made.update(zip((one.key for one in same), shaped, strict=True))
    return [made[one.key] for one in objects]


def _limited(one: ObjectRow, names: Iterable[str], entity: EntityType) -> dict[str, Any]:
    hidden = dict.fromkeys(names)
    return {"@odata.type": f"#microsoft.graph.{entity.name}"} | hidden | {"id": one.id}


def conceal(made: Iterable[dict[str, Any]], entity: EntityType, caller: Caller) -> None:
    """Empty the properties that the caller's permissions do not show."""
    visible = visible_properties(entity.name, caller.roles)
    if visible is None:
        return
    for item in made:
        for name in item:
            if name not in visible and not name.startswith("@"):
                item[name] = entity.empty(name)


def hides_members(context: Context, group: int) -> bool:
    """Whether the membership of a group is hidden, as chosen when it was made."""
    sql = "SELECT json_extract(body, '$.visibility') FROM objects WHERE key = ?"
    row = context.db.execute(sql, (group,)).fetchone()
    return row is not None and row[0] == "HiddenMembership"


def shape_same(
    context: Context, objects: Sequence[ObjectRow], names: Sequence[str], entity: EntityType, *, annotate: bool
) -> list[dict[str, Any]]:
    """Objects of one type with the properties ``names``; ``annotate`` adds ``@odata.type``."""
    joined = {
        name: JOINED[entity.name, name](context.db, [one.key for one in objects])
        for name in names
        if (entity.name, name) in JOINED
    }
    plain = [
        (name, entity.empty(name)) for name in names if name not in joined and name not in ("id", "deletedDateTime")
    ]
    prefix = {"@odata.type": f"#microsoft.graph.{entity.name}"} if annotate else {}
    dated = "deletedDateTime" in names
    made: list[dict[str, Any]] = []
    for one in objects:
        item: dict[str, Any] = {**prefix, "id": one.id}
        if dated:
            item["deletedDateTime"] = one.deleted_at
        if plain:
            body = _decode(one.body)
            for name, empty in plain:
                item[name] = body.get(name, empty)
        for name, values in joined.items():
            _add(item, name, values, one.key)
        made.append(item)
    return made


def _add(item: dict[str, Any], name: str, values: Mapping[int, Any], key: int) -> None:
    if key in values:
        item[name] = values[key]
    elif name != "signInActivity":  # absent for accounts that never signed in
        item[name] = []


def _check_any(names: Iterable[str]) -> None:
    for name in names:
        if not any(name in entity.kinds for entity in TYPES.values()):
            raise unknown_property(name, "directoryObject")
