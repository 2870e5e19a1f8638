"""What one chain of delta pages says of each object, whatever the order in which it says so, and however often.

An object may appear several times, on one page or on many, each time with a part of its relationships. What is said of it
is therefore put together first, and understood once the chain has ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.access.base import principal_kind
from connector.access.decoding import NotJson

_REMOVED = "@removed"
_RELATED = "@delta"


@dataclass(slots=True)
class Related:
    """One relationship of an object: ids, with the kind of each, that were said to be there, and to be there no longer.

    An id may be in both, which says that the relationship changed while the chain was read, or that something was replayed.
    """

    there: dict[str, str] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)

    @property
    def disputed(self) -> set[str]:
        """Ids of which both was said."""
        return self.there.keys() & self.ended.keys()


@dataclass(slots=True)
class Stated:
    """What was said of one object.

    Attributes:
        there: it was said to be there.
        removed: it was said to be removed, restorably or for good.
        properties: in Graph's words; one that is absent was not spoken of, None says that it has no value.
        related: by relationship, such as ``members``.
    """

    id: str
    there: bool = False
    removed: bool = False
    properties: dict[str, Any] = field(default_factory=dict)
    related: dict[str, Related] = field(default_factory=dict)

    @property
    def disputed(self) -> bool:
        """Whether both was said: that it is there, and that it is not."""
        return self.there and self.removed

    def tells(self, name: str) -> bool:
        """Whether it says what is in the list ``name``; what is no list says nothing."""
        return isinstance(self.properties.get(name, self), list | None)


def put_together(items: Iterable[Mapping[str, Any]]) -> dict[str, Stated]:
    """The items of all pages of a chain, by id. Of a property that was said twice the later one holds.

    Raises:
        NotJson: an item, or something that it is related to, has no id: what it says would be lost.
    """
    stated: dict[str, Stated] = {}
    for item in items:
        identifier = _id(item)
        one = stated.setdefault(identifier, Stated(identifier))
        if _REMOVED in item:
            one.removed = True
            continue
        one.there = True
        for name, value in item.items():
            if name.endswith(_RELATED):
                _relate(one.related.setdefault(name.removesuffix(_RELATED), Related()), value)
            else:
                one.properties[name] = value
    return stated


def _relate(related: Related, rows: Any) -> None:
    if not isinstance(rows, list):
        raise NotJson("a relationship is no list")
    for row in rows:
        identifier, kind = _id(row), row.get("@odata.type")
        side = related.ended if _REMOVED in row else related.there
        side[identifier] = principal_kind(kind if isinstance(kind, str) else None)


def _id(item: Any) -> str:
    identifier = item.get("id") if isinstance(item, dict) else None
    if not isinstance(identifier, str) or not identifier:
        raise NotJson("something in it has no id")
    return identifier
