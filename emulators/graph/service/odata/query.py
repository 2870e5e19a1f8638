"""The query options of a request."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from emulators.graph.service.errors import GraphError, bad_request, unsupported_query
from emulators.graph.service.odata.ast import Node
from emulators.graph.service.odata.lexer import FilterSyntaxError
from emulators.graph.service.odata.parser import parse_filter

_KNOWN = frozenset(
    {"$select", "$top", "$filter", "$expand", "$count", "$skiptoken", "$deltatoken", "$orderby", "$search", "$skip"}
    | {"$format", "$levels"}
)
_EXPAND_ITEM = re.compile(r"\s*(?P<name>[A-Za-z]+)\s*(?:\((?P<inner>[^()]*)\))?\s*(?:,|$)")


ALL_LEVELS = 1000
"""``$levels=max``."""


@dataclass(frozen=True, slots=True)
class Expand:
    """One expanded relationship.

    Attributes:
        name: of the relationship.
        select: the properties that are wanted of what it leads to; empty: the default ones.
        levels: how many steps of it, one inside the other; :data:`ALL_LEVELS` for ``max``.
    """

    name: str
    select: tuple[str, ...]
    levels: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Options, parsed. What is absent is empty, None or False. ``single``: one object is read, not a list."""

    select: tuple[str, ...] = ()
    expand: tuple[Expand, ...] = ()
    filter: Node | None = None
    top: int | None = None
    count: bool = False
    orderby: str | None = None
    search: str | None = None
    skip_token: str | None = None
    delta_token: str | None = None
    single: bool = False

    @property
    def expands_levels(self) -> bool:
        """Whether a relationship is followed over several steps."""
        return any(wanted.levels > 1 for wanted in self.expand)


def parse_query(options: Iterable[tuple[str, str]]) -> Query:
    """Parse the options. Names count without regard to case; their ``$`` may be left out, as Graph allows.

    Raises:
        GraphError: 400 for options that are malformed, unknown or given twice.
    """
    values: dict[str, str] = {}
    for name, value in options:
        key = name.lower()
        key = key if key.startswith("$") or f"${key}" not in _KNOWN else f"${key}"
        if key.startswith("$") and key not in _KNOWN:
            raise bad_request(f"The query parameter '{name}' is not supported.", "BadRequest")
        if key in values:
            raise bad_request(
                f"Query option '{name}' was specified more than once, but it must be specified at most once.",
                "BadRequest",
            )
        values[key] = value
    for refused in ("$skip", "$format", "$levels"):
        if refused in values:
            raise bad_request(f"'{refused}' is not supported by the service.")
    return Query(
        select=_names(values.get("$select", "")),
        expand=_expand(values.get("$expand", "")),
        filter=_filter(values.get("$filter")),
        top=_top(values.get("$top")),
        count=_bool(values.get("$count", "false")),
        orderby=values.get("$orderby"),
        search=values.get("$search"),
        skip_token=values.get("$skiptoken"),
        delta_token=values.get("$deltatoken"),
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _filter(text: str | None) -> Node | None:
    if text is None:
        return None
    try:
        return parse_filter(text)
    except FilterSyntaxError as error:
        raise bad_request(f"Invalid filter clause: {error}", "BadRequest") from None


def _top(text: str | None, option: str = "$top") -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise bad_request(
            f"Invalid value '{text}' for {option} query option found. It must be a positive integer.", "BadRequest"
        )
    return int(text)


def _bool(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise bad_request(
            f"Invalid value '{text}' for $count query option found. Valid values are 'true' or 'false'.", "BadRequest"
        )
    return text.lower() == "true"


def _expand(text: str) -> tuple[Expand, ...]:
    items: list[Expand] = []
    position = 0
    while position < len(text):
        match = _EXPAND_ITEM.match(text, position)
        if match is None:
            raise bad_request("Parsing OData Select and Expand failed: Syntax error.", "BadRequest")
        items.append(_expanded(match["name"], match["inner"]))
        position = match.end()
    return tuple(items)


def _expanded(relationship: str, inner: str | None) -> Expand:
    """Of the options inside ``$expand``, directory objects have ``$select``, and ``$levels`` for managers."""
    select: tuple[str, ...] = ()
    levels = 1
    for option in (inner or "").split(";"):
        name, _, value = (part.strip() for part in option.partition("="))
        if name.lower() == "$select":
            select = _names(value)
        elif name.lower() == "$levels" and relationship == "manager":
            levels = ALL_LEVELS if value == "max" else _top(value, "$levels") or 1
        elif option.strip():
            raise unsupported_query(f"Query option '{name}' was not recognized inside $expand.")
    return Expand(relationship, select, levels)


def refuse(query: Query, *allowed: str) -> None:
    """Refuse the options of ``query`` that are not among ``allowed``.

    Raises:
        GraphError: 400 ``Request_UnsupportedQuery``.
    """
    given = {
        "$select": bool(query.select),
        "$expand": bool(query.expand),
        "$filter": query.filter is not None,
        "$top": query.top is not None,
        "$orderby": query.orderby is not None,
        "$search": query.search is not None,
    }
    for name, present in given.items():
        if present and name not in allowed:
            raise _refused(name)


def _refused(name: str) -> GraphError:
    return unsupported_query(f"The query option '{name}' is not supported for this resource.")
