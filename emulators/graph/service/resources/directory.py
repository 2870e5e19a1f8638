"""Collections of directory objects: whole types, what objects hold or belong to, and what was deleted."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from emulators.graph.service.context import Context
from emulators.graph.service.errors import bad_request, not_found, unknown_segment
from emulators.graph.service.messages import Caller
from emulators.graph.service.odata.query import Query
from emulators.graph.service.odata.sql import Condition
from emulators.graph.service.resources import filters, relatives
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

_DELETED_SETS: Mapping[str, str] = {
    "user": "users",
    "group": "groups",
    "servicePrincipal": "servicePrincipals",
    "application": "applications",
    "administrativeUnit": "administrativeUnits",
}
RESTORABLE = tuple(_DELETED_SETS)
"""The types that are listed among deleted items."""

_ALTERNATE_KEYS: Mapping[str, tuple[str, ...]] = {
    "servicePrincipal": ("appId",),
    "application": ("appId", "uniqueName"),
    "directoryRole": ("roleTemplateId",),
    "device": ("deviceId",),
    "group": ("uniqueName",),
}
_KEY = re.compile(r"(?P<name>[A-Za-z]+)='(?P<value>(?:[^']|'')*)'")


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
        filterable=filters.columns_of(type_name),
        sortable=filters.sortable(type_name),
        searchable=filters.searchable(type_name),
        identify=identifier_of(type_name),
        shape=shape_typed(entity),
        page=UNPAGED if type_name == "directoryRole" else PageSize(),
    )


def any_object() -> Collection:
    """Every object of the directory, for single reads."""
    made = _mixed("directoryObjects", "objects o", "o.deleted IS NULL", (), "o.key")
    return replace(made, relationship=False)


def any_deleted() -> Collection:
    """Every object that can be restored, for single reads."""
    return replace(any_object(), where="o.deleted = 'changed'")


def deleted_items(type_name: str) -> Collection:
    """Soft-deleted objects of one type, which can be restored."""
    entity = TYPES[type_name]
    plural = _DELETED_SETS[type_name]
    return replace(
        whole_type(plural),
        context=plural,
        where="o.type = ? AND o.deleted = 'changed'",
        identify=None,
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
        filterable=filters.columns_of(type_name),
        sortable=filters.sortable(type_name),
        searchable=filters.searchable(type_name),
        shape=shape_typed(entity),
        cast=True,
    )


def shape_typed(
    entity: EntityType, *, also: tuple[str, ...] = ()
) -> Callable[[Context, Caller, Query, Sequence[Row]], list[dict[str, Any]]]:
    """A shaper for objects of one type; ``also``: properties that come without ``$select`` besides the default ones."""

    def shape(context: Context, caller: Caller, query: Query, rows: Sequence[Row]) -> list[dict[str, Any]]:
        entity.check(query.select, single=query.single)
        objects = object_rows(rows)
        names = query.select or tuple(dict.fromkeys((*entity.default, *also)))
        made = shape_same(context, objects, names, entity, annotate=False)
        conceal(made, entity, caller)
        relatives.expand(context, caller, query, entity, objects=objects, made=made)
        return made

    return shape


def identifier_of(type_name: str) -> Callable[[str], Condition]:
    """How an object of a type is found by what stands in its address: its id, or one of its other keys.

    The function raises GraphError (400) for what cannot be a key.
    """

    def condition(identifier: str) -> Condition:
        keyed = _KEY.fullmatch(identifier)
        if keyed and keyed["name"] != "id":
            return _alternate(type_name, keyed["name"], keyed["value"].replace("''", "'"))
        plain = keyed["value"] if keyed else identifier
        try:
            return Condition("o.id = ?", (str(uuid.UUID(plain)),), selective=True)
        except ValueError:
            if type_name != "user":
                raise bad_request(f"Invalid object identifier '{plain}'.") from None
        sql = "o.type = 'user' AND json_extract(o.body, '$.userPrincipalName') = ? COLLATE NOCASE"
        return Condition(sql, (plain,), selective=True)

    return condition


def _alternate(type_name: str, name: str, value: str) -> Condition:
    known = {key.lower(): key for key in _ALTERNATE_KEYS.get(type_name, ())}
    if name.lower() not in known:
        raise bad_request(f"The key '{name}' is not a valid key of type 'microsoft.graph.{type_name}'.", "BadRequest")
    sql = f"json_extract(o.body, '$.{known[name.lower()]}') = ?"
    # SQLite uses the index on appId where it reads the index's own condition.
    indexed = "o.type IN ('servicePrincipal', 'application') AND " if known[name.lower()] == "appId" else ""
    return Condition(indexed + sql, (value,), selective=bool(indexed))


def key_of(context: Context, type_name: str, object_id: str) -> int:
    """The key of an object that is not deleted, by its id or another of its keys.

    Raises:
        GraphError: 404 when there is none, 400 for what cannot be a key.
    """
    condition = identifier_of(type_name)(object_id)
    row = context.db.execute(
        f"SELECT o.key FROM objects o WHERE {condition.sql} AND {_typed(condition)} AND o.deleted IS NULL",
        (*condition.parameters, type_name),
    ).fetchone()
    if row is None:
        raise not_found(object_id)
    return int(row[0])


def _typed(condition: Condition) -> str:
    return "+o.type = ?" if condition.selective else "o.type = ?"


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
        filterable=filters.relationship_columns(),
        sortable=frozenset({"displayName"}),
        searchable=frozenset({"displayName", "description"}),
        relationship=True,
        shape=shape_mixed,
    )
