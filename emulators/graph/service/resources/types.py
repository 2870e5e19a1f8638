"""Entity types: their properties and relationships, from ``data/types.json`` (made from Microsoft's OpenAPI document)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from emulators.graph.service.errors import not_implemented, unknown_property

_KINDS = ("bool", "collection", "int", "object", "string", "time")


@dataclass(frozen=True, slots=True)
class EntityType:
    """One entity type.

    Attributes:
        name: without ``microsoft.graph.``.
        kinds: kind of each property: bool, collection, int, object, string or time.
        default: the properties that come without ``$select``.
        single_only: properties that lists refuse with 501, because another service keeps them.
        navigation: names of relationships.
        unset: values of properties that are never null although nobody set them.
    """

    name: str
    kinds: Mapping[str, str]
    default: tuple[str, ...]
    single_only: frozenset[str]
    navigation: frozenset[str]
    unset: Mapping[str, object]

    def check(self, names: Iterable[str], *, single: bool = False) -> None:
        """Check the names of a ``$select``; ``single``: of one object, which has properties that lists have not.

        Raises:
            GraphError: 400 for unknown ones, 501 for those that only single reads have.
        """
        for name in names:
            if name in self.single_only and not single:
                raise not_implemented()
            if name not in self.kinds:
                raise unknown_property(name, self.name)

    def empty(self, name: str) -> object:
        """What a property that was never set looks like: null, but for lists and what the schema never lets be null."""
        return self.unset.get(name, [] if self.kinds.get(name) == "collection" else None)


def _load() -> dict[str, EntityType]:
    raw = msgspec.json.decode(
        Path(__file__).parents[1].joinpath("data", "types.json").read_bytes(), type=dict[str, dict[str, str]]
    )
    return {name: _entity(name, lists) for name, lists in raw.items()}


def _entity(name: str, lists: Mapping[str, str]) -> EntityType:
    kinds = {prop: kind for kind in _KINDS for prop in lists.get(kind, "").split()}
    single_only = frozenset(lists.get("single", "").split())
    apart = single_only | set(lists.get("on_select", "").split())
    default = tuple(lists["default"].split()) if "default" in lists else tuple(p for p in kinds if p not in apart)
    pairs = (pair.partition("=") for pair in lists.get("unset", "").split())
    unset = {prop: msgspec.json.decode(value) for prop, _, value in pairs}
    return EntityType(name, kinds, default, single_only, frozenset(lists.get("navigation", "").split()), unset)


TYPES: Mapping[str, EntityType] = _load()
"""Every entity type, by name."""

DIRECTORY_OBJECTS = (
    "user",
    "group",
    "servicePrincipal",
    "application",
    "device",
    "orgContact",
    "directoryRole",
    "administrativeUnit",
)
"""The types whose rows are in ``objects``."""
