"""What a delta query tracks, by entity set. Source: the delta pages of the Graph reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emulators.graph.service.delta.filters import Limits, limits_of
from emulators.graph.service.errors import GraphError, bad_request, unknown_property
from emulators.graph.service.odata.query import Query
from emulators.graph.service.resources.directory import TYPE_OF_SET
from emulators.graph.service.resources.types import DIRECTORY_OBJECTS, TYPES, EntityType

REL: Mapping[str, int] = {"members": 1, "owners": 2, "manager": 3}
ANY_SET = "directoryObjects"
"""The entity set whose delta query follows several types."""

ASSIGNMENT = "appRoleAssignment"
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
_UNTRACKED = frozenset({"signInActivity", "mailboxSettings", "customSecurityAttributes"})


@dataclass(frozen=True, slots=True)
class Tracked:
    """What a delta query follows of one type: properties and relationships."""

    type: str
    properties: tuple[str, ...]
    relations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Followed:
    """What one delta query follows.

    Attributes:
        parts: types of directory objects, or the one type that is none.
        ids: the ids that it is limited to; None: all.
        assignments: app role assignments as well.
        annotated: every row tells its type.
    """

    parts: tuple[Tracked, ...]
    ids: tuple[str, ...] | None
    assignments: bool = False
    annotated: bool = False


def followed(entity_set: str, query: Query) -> Followed:
    """What the options of a first call ask to follow.

    Raises:
        GraphError: 400 for options that delta queries do not have.
    """
    for name, given in (("$expand", query.expand), ("$orderby", query.orderby), ("$search", query.search)):
        if given:
            raise bad_request(f"Invalid request for delta query: {name} is not supported.", "BadRequest")
    limits = limits_of(entity_set, query.filter)
    if entity_set == ANY_SET:
        return _several(limits, query)
    entity = TYPES[TYPE_OF_SET.get(entity_set, "oAuth2PermissionGrant")]
    return Followed((_tracked(entity, query.select),), limits.ids)


def _several(limits: Limits, query: Query) -> Followed:
    wanted = limits.types or DIRECTORY_OBJECTS
    chosen: dict[str, list[str]] = {name: [] for name in wanted}
    for typed in query.select:
        name, _, prop = typed.removeprefix("microsoft.graph.").partition("/")
        if not prop or name not in TYPES:
            raise unknown_property(typed, "directoryObject")
        if name in chosen:
            chosen[name].append(prop)
    parts = tuple(
        _tracked(TYPES[name], tuple(chosen[name]), nothing=bool(query.select) and not chosen[name])
        for name in wanted
        if name != ASSIGNMENT
    )
    return Followed(parts, limits.ids, ASSIGNMENT in wanted, annotated=True)


def _tracked(entity: EntityType, select: tuple[str, ...], *, nothing: bool = False) -> Tracked:
    """``nothing``: other types were named in ``$select``, so that only ids are left of this one."""
    if nothing:
        return Tracked(entity.name, ())
    if not select:
        return Tracked(entity.name, entity.default, _BY_DEFAULT.get(entity.name, ()))
    relations = _RELATIONS.get(entity.name, ())
    properties = tuple(name for name in select if name not in relations)
    _check(entity, properties)
    return Tracked(entity.name, properties, tuple(name for name in relations if name in select))


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
