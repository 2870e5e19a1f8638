"""What a collection is: a query over the tenant's state, and how its rows become JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulators.graph.service.context import Context
from emulators.graph.service.messages import Caller
from emulators.graph.service.odata.columns import Column
from emulators.graph.service.odata.query import Query
from emulators.graph.service.odata.sql import Condition
from emulators.graph.service.resources.types import EntityType

Row = tuple[Any, ...]
Shaper = Callable[[Context, Caller, Query, Sequence[Row]], list[dict[str, Any]]]

DIRECTORY_OPTIONS = frozenset({"$select", "$top", "$filter", "$expand", "$orderby", "$search"})
"""The query options of directory objects."""


@dataclass(frozen=True, slots=True)
class PageSize:
    """Items on a page without ``$top``, and at most. ``paged`` False: everything at once."""

    default: int = 100
    largest: int = 999
    paged: bool = True


UNPAGED = PageSize(paged=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A collection.

    Attributes:
        context: what ``@odata.context`` names.
        type: the entity type; None for directory objects of several types.
        source: FROM clause.
        where: condition.
        parameters: values for the marks in ``source`` and ``where``.
        order: columns that order it uniquely; they make the page token.
        fields: columns that :attr:`shape` gets, after those of :attr:`order`.
        id_column: column with the id of a single read.
        filterable: properties that ``$filter`` may use.
        shape: makes JSON of rows.
        options: query options that are offered.
        relationship: whether it is what another object leads to: filters and sorting are advanced queries then.
        cast: whether it is cast to one type.
        sortable: properties that ``$orderby`` may use.
        searchable: properties in which ``$search`` finds words.
        identify: the condition for a single read by anything but :attr:`id_column`.
    """

    context: str
    type: EntityType | None
    source: str
    order: tuple[str, ...]
    fields: str
    id_column: str
    filterable: Mapping[str, Column]
    shape: Shaper
    where: str = "1"
    parameters: tuple[Any, ...] = ()
    page: PageSize = PageSize()
    options: frozenset[str] = DIRECTORY_OPTIONS
    relationship: bool = False
    cast: bool = False
    sortable: frozenset[str] = frozenset()
    searchable: frozenset[str] = frozenset()
    identify: Callable[[str], Condition] | None = None
