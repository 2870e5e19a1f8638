"""What can be filtered, sorted and searched by: properties as SQL expressions, and what may be asked of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

OPERATORS = frozenset({"eq", "ne", "not", "ge", "le", "in", "startswith", "endswith", "null", "count"})
"""Everything that a filter can ask of a property; ``gt`` goes with ``ge``, ``lt`` with ``le``."""

ADVANCED = frozenset({"ne", "not", "endswith", "count"})
"""What directory objects offer only to advanced queries: ``ConsistencyLevel: eventual`` together with ``$count=true``.
Source: "Advanced query capabilities on Microsoft Entra ID objects"."""


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a collection, for ``any``, ``all`` and ``$count``.

    Attributes:
        source: FROM clause; each row is an item.
        where: condition that ties the rows to the object.
        value: column with the item itself, where items are plain values; empty for objects.
        fields: properties of the items; ``{}`` in a template stands for the name of any property.
        template: expression for properties that :attr:`fields` does not name; empty: there are none.
    """

    source: str
    where: str = "1"
    value: str = ""
    fields: Mapping[str, Column] = field(default_factory=dict)
    template: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A property that can be filtered by.

    Attributes:
        sql: its expression.
        kind: a kind of entity types, or ``id`` (a GUID as text, kept in lower case), ``guid`` (the same, of type Edm.Guid)
            or ``exact`` (text where case counts). The database looks these three up by index.
        operators: what may be asked of it, of :data:`OPERATORS`.
        advanced: the operators that need an advanced query.
        items: its items, for collections.
        inside: for objects, the expression of their properties; ``{}`` stands for the name.
        alone: it cannot be combined with other properties.
    """

    sql: str
    kind: str = "string"
    operators: frozenset[str] = frozenset({"eq", "in", "startswith", "null"})
    advanced: frozenset[str] = frozenset()
    items: Items | None = None
    inside: str = ""
    alone: bool = False
