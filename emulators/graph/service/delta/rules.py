"""What a delta query tracks, by entity set. Source: the delta pages of the Graph reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emulators.graph.service.errors import GraphError, bad_request
from emulators.graph.service.odata.ast import Comparison, In, Literal, Node, Property
from emulators.graph.service.odata.query import Query
from emulators.graph.service.resources.directory import TYPE_OF_SET
from emulators.graph.service.resources.types import TYPES, EntityType

REL: Mapping[str, int] = {"members": 1, "owners": 2, "manager": 3}
_RELATIONS: Mapping[str, tuple[str, ...]] = {
    "user": ("manager",),
    "group": ("members", "owners"),
    "directoryRole": ("members",),
    "administrativeUnit": ("members",),
}
_BY_DEFAULT: Mapping[str, tuple[str, ...]] = {
    "group": ("members",),
    "directoryRole": ("members",),
    "administrativeUnit": ("members",),
}
_MOST_IDS = {"user": 50, "group": 50}
_UNTRACKED = frozenset({"signInActivity", "mailboxSettings", "customSecurityAttributes"})


@dataclass(frozen=True, slots=True)
class Tracked:
    """What one delta query follows: properties, relationships, and the ids it is limited to (None: all)."""

    properties: tuple[str, ...]
    relations: tuple[str, ...]
    ids: tuple[str, ...] | None


def entity_of(entity_set: str) -> EntityType:
    """The type of what is in an entity set."""
    return TYPES[TYPE_OF_SET.get(entity_set, "oAuth2PermissionGrant")]


def tracked(entity_set: str, query: Query) -> Tracked:
    """What the options of a first call ask to track.

    Raises:
        GraphError: 400 for options that delta queries do not have.
    """
    entity = entity_of(entity_set)
    for name, given in (("$expand", query.expand), ("$orderby", query.orderby), ("$search", query.search)):
        if given:
            raise bad_request(f"Invalid request for delta query: {name} is not supported.", "BadRequest")
    ids = _ids(entity, query.filter)
    if not query.select:
        return Tracked(entity.default, _BY_DEFAULT.get(entity.name, ()), ids)
    relations = _RELATIONS.get(entity.name, ())
    properties = tuple(name for name in query.select if name not in relations)
    _check(entity, properties)
    return Tracked(properties, tuple(name for name in relations if name in query.select), ids)


def _check(entity: EntityType, names: tuple[str, ...]) -> None:
    refused = [name for name in names if name in _UNTRACKED | entity.single_only | entity.navigation]
    if refused:
        raise GraphError(
            400,
            "BadRequest",
            "Invalid request for delta query: for this entity set, $expand/$select is not supported for the following "
            f"properties: {', '.join(refused)}",
        )
    entity.check(names)


def _ids(entity: EntityType, node: Node | None) -> tuple[str, ...] | None:
    match node:
        case None:
            return None
        case Comparison("eq", Property(("id",)), Literal(str(value))):
            values = [value]
        case In(Property(("id",)), literals) if all(isinstance(literal.value, str) for literal in literals):
            values = [str(literal.value) for literal in literals]
        case _:
            message = "Invalid request for delta query: $filter supports only 'id eq' clauses joined by 'or'."
            raise bad_request(message, "BadRequest")
    most = _MOST_IDS.get(entity.name)
    if most is not None and len(values) > most:
        raise bad_request(f"Too many ids in the filter of a delta query: the maximum is {most}.", "BadRequest")
    return tuple(dict.fromkeys(value.lower() for value in values))
