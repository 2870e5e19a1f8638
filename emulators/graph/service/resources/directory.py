"""Collections of directory objects: whole types, what objects hold or belong to, and what was deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from emulators.graph.service.context import Context
from emulators.graph.service.errors import not_found, unknown_segment
from emulators.graph.service.messages import Caller
from emulators.graph.service.odata.query import Query
from emulators.graph.service.odata.sql import Column
from emulators.graph.service.resources import relatives
from emulators.graph.service.resources.collection import UNPAGED, Collection, PageSize, Row
from emulators.graph.service.resources.shaping import OBJECT_FIELDS, conceal, object_rows, shape_mixed, shape_same
from emulators.graph.service.resources.types import DIRECTORY_OBJECTS, TYPES, EntityType

TYPE_OF_SET: Mapping[str, str] = {
    "users": "user",
    "groups": "group",
    "servicePrincipals": "servicePrincipal",
    "applications": "application",
    "devices": "device",
    "contacts": "orgContact",
    "directoryRoles": "directoryRole",
    "directory/administrativeUnits": "administrativeUnit",
    "administrativeUnits": "administrativeUnit",
}
"""The type of the objects in each entity set."""


def whole_type(entity_set: str) -> Collection:
    """All objects of one type that are not deleted."""
    type_name = TYPE_OF_SET[entity_set]
    entity = TYPES[type_name]
    return Collection(
        context=entity_set,
        type=entity,
        source="objects o",
        where="o.type = ? AND o.deleted IS NULL",
        parameters=(type_name,),
        order=("o.key",),
        fields=OBJECT_FIELDS,
        id_column="o.id",
        filterable=_columns(entity),
        shape=shape_typed(entity),
        page=UNPAGED if type_name == "directoryRole" else PageSize(),
    )


def any_object() -> Collection:
    """Every object of the directory, for single reads."""
    return _mixed("directoryObjects", "objects o", "o.deleted IS NULL", (), "o.key")


def deleted_items(type_name: str) -> Collection:
    """Soft-deleted objects of one type, which can be restored."""
    entity = TYPES[type_name]
    plural = {"user": "users", "group": "groups"}[type_name]
    return replace(
        whole_type(plural),
        context=plural,
        where="o.type = ? AND o.deleted = 'changed'",
        shape=shape_typed(entity, also=("deletedDateTime",)),
    )


def related(context: str, key: int, rel: int, *, forward: bool, page: PageSize | None = None) -> Collection:
    """Objects that the object ``key`` leads to (``forward``), or that lead to it."""
    here, there = ("source", "target") if forward else ("target", "source")
    source = f"edges e JOIN objects o ON o.key = e.{there}"
    where = f"e.rel = {rel} AND e.{here} = ? AND o.deleted IS NULL"
    made = _mixed(context, source, where, (key,), f"e.{there}")
    return replace(made, page=page) if page else made


_TRANSITIVE = {
    True: (
        "(WITH RECURSIVE reached(key) AS (SELECT ?1 UNION SELECT e.target FROM reached r"
        " CROSS JOIN objects g ON g.key = r.key AND g.type = 'group' AND g.deleted IS NULL"
        " CROSS JOIN edges e ON e.rel = 1 AND e.source = g.key) SELECT key FROM reached WHERE key <> ?1)"
    ),
    False: (
        "(WITH RECURSIVE reached(key, through) AS (SELECT ?1, 1 UNION"
        " SELECT g.key, g.type = 'group' FROM reached r CROSS JOIN edges e ON r.through AND e.rel = 1 AND e.target = r.key"
        " CROSS JOIN objects g ON g.key = e.source AND g.deleted IS NULL"
        " WHERE g.type IN ('group', 'directoryRole') OR r.key = ?1) SELECT key FROM reached WHERE key <> ?1)"
    ),
}


def transitive(context: str, key: int, *, forward: bool) -> Collection:
    """Members of a group through any depth of groups, or the groups and roles that an object belongs to that way."""
    source = f"{_TRANSITIVE[forward].replace('?1', str(int(key)))} t JOIN objects o ON o.key = t.key"
    return _mixed(context, source, "o.deleted IS NULL", (), "o.key")


def without_type(collection: Collection, type_name: str) -> Collection:
    """``collection`` without the objects of a type."""
    return replace(collection, where=f"({collection.where}) AND o.type <> '{type_name}'")


def cast(collection: Collection, segment: str) -> Collection:
    """``collection`` cast to a type, as in ``members/microsoft.graph.user``.

    Raises:
        GraphError: 400 when the segment names no type of directory objects.
    """
    type_name = segment.removeprefix("microsoft.graph.")
    if type_name not in DIRECTORY_OBJECTS:
        raise unknown_segment(segment)
    entity = TYPES[type_name]
    return replace(
        collection,
        context=f"{collection.context}/{segment}",
        type=entity,
        where=f"({collection.where}) AND o.type = '{type_name}'",
        filterable=_columns(entity),
        shape=shape_typed(entity),
        cast=True,
    )


def shape_typed(
    entity: EntityType, *, also: tuple[str, ...] = ()
) -> Callable[[Context, Caller, Query, Sequence[Row]], list[dict[str, Any]]]:
    """A shaper for objects of one type; ``also``: properties that come without ``$select`` besides the default ones."""

    def shape(context: Context, caller: Caller, query: Query, rows: Sequence[Row]) -> list[dict[str, Any]]:
        entity.check(query.select)
        objects = object_rows(rows)
        names = query.select or tuple(dict.fromkeys((*entity.default, *also)))
        made = shape_same(context, objects, names, entity, annotate=False)
        conceal(made, entity, caller)
        relatives.expand(context, caller, query, entity, objects=objects, made=made)
        return made

    return shape


def key_of(context: Context, type_name: str, object_id: str) -> int:
    """The key of an object that is not deleted. Users are found by their sign-in name as well.

    Raises:
        GraphError: 404 when there is none.
    """
    sql, value = "o.id = ?", object_id.lower()
    if type_name == "user" and "@" in object_id:
        sql, value = "json_extract(o.body, '$.userPrincipalName') = ? COLLATE NOCASE", object_id
    row = context.db.execute(
        f"SELECT o.key FROM objects o WHERE {sql} AND o.type = ? AND o.deleted IS NULL", (value, type_name)
    ).fetchone()
    if row is None:
        raise not_found(object_id)
    return int(row[0])


def _mixed(context: str, source: str, where: str, parameters: tuple[Any, ...], order: str) -> Collection:
    return Collection(
        context=context,
        type=None,
        source=source,
        where=where,
        parameters=parameters,
        order=(order,),
        fields=OBJECT_FIELDS,
        id_column="o.id",
        filterable={"id": Column("o.id", "id"), "displayName": _column("displayName", "string")},
        shape=shape_mixed,
    )


def _columns(entity: EntityType) -> dict[str, Column]:
    columns = {name: _column(name, kind) for name, kind in entity.kinds.items()}
    return columns | {"id": Column("o.id", "id")}


def _column(name: str, kind: str) -> Column:
    return Column(f"json_extract(o.body, '$.{name}')", kind)
