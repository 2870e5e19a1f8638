"""From query options to SQL: what a list is narrowed to and how it is sorted, and which of it needs an advanced query."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import NoReturn

from emulators.graph.service.errors import GraphError, bad_request, unsupported_query
from emulators.graph.service.messages import Request
from emulators.graph.service.odata.ast import Value
from emulators.graph.service.odata.query import Query, refuse
from emulators.graph.service.odata.search import Clause, Search, SearchSyntaxError, matches, parse_search
from emulators.graph.service.odata.sql import (
    Condition,
    UnknownProperty,
    UnsupportedFilter,
    WrongOperand,
    to_sql,
)
from emulators.graph.service.odata.walk import names_of
from emulators.graph.service.resources.collection import Collection

_EVERYTHING = Condition("1")
_REFERENCES = "The specified filter to the reference property query is currently not supported."
_SORTING = "Sorting not supported for current query."
_SEARCH = "graph_search"


@dataclass(frozen=True, slots=True)
class Sorting:
    """An order that ``$orderby`` asks for: an expression that is never NULL, and whether it descends."""

    sql: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What a request asks of a collection, checked. ``sorting`` None: the collection's own order."""

    condition: Condition
    sorting: Sorting | None


def plan(db: sqlite3.Connection, request: Request, collection: Collection, query: Query) -> Plan:
    """Check the options of a list, and translate them.

    Raises:
        GraphError: 400 for what the collection does not offer, or only to advanced queries.
    """
    if query.search is not None and not request.eventual:
        raise unsupported_query(
            "Request with $search query parameter only works through MSGraph with a special request header: "
            "'ConsistencyLevel: eventual'"
        )
    refuse(query, *collection.options)
    advanced = request.eventual and query.count
    condition = _filter(collection, query)
    if not advanced and _asks_reference(collection, query):
        raise unsupported_query(_REFERENCES)
    if condition.advanced and not advanced:
        raise _needs_advanced(collection, condition)
    searched = _search(db, collection, query)
    if query.expands_levels and not advanced:
        raise unsupported_query()
    if query.expand and (condition.advanced or query.search is not None):
        raise unsupported_query()
    both = condition if searched is None else _both(condition, searched)
    return Plan(both, _sorting(collection, query, advanced=advanced))


def _asks_reference(collection: Collection, query: Query) -> bool:
    """Whether a relationship is filtered by more than ids, which the captures show to work without more ado."""
    if not collection.relationship or query.filter is None:
        return False
    return collection.cast or set(names_of(query.filter)) != {"id"}


def _filter(collection: Collection, query: Query) -> Condition:
    if query.filter is None:
        return _EVERYTHING
    name = collection.type.name if collection.type else "directoryObject"
    try:
        return to_sql(query.filter, collection.filterable)
    except WrongOperand as wrong:
        raise bad_request(f"Invalid filter clause: {wrong}", "BadRequest") from None
    except UnknownProperty as unknown:
        _refuse_property(collection, str(unknown), name)
    except UnsupportedFilter as unsupported:
        if unsupported.property and collection.type:
            raise _unsupported(unsupported.property, name) from None
        raise unsupported_query(_REFERENCES if collection.relationship else "Unsupported Query.") from None


def _refuse_property(collection: Collection, prop: str, type_name: str) -> NoReturn:
    if collection.type and prop in collection.type.kinds:
        raise _unsupported(prop, type_name) from None
    if collection.type is None:
        raise unsupported_query(_REFERENCES) from None
    message = f"Invalid filter clause: Could not find a property named '{prop}' on type 'microsoft.graph.{type_name}'."
    raise bad_request(message, "BadRequest") from None


def _unsupported(prop: str, type_name: str) -> GraphError:
    resource = type_name[:1].upper() + type_name[1:]
    return unsupported_query(
        f"Unsupported or invalid query filter clause specified for property '{prop}' of resource '{resource}'."
    )


def _needs_advanced(collection: Collection, condition: Condition) -> GraphError:
    if condition.advanced_property and collection.type:
        return _unsupported(condition.advanced_property, collection.type.name)
    if condition.advanced == "ne":
        return unsupported_query("Filter operator 'NotEqualsMatch' is not supported.")
    operator = {"not": "Not", "endswith": "endsWith"}.get(condition.advanced or "")
    if operator is None:
        return unsupported_query()
    return unsupported_query(
        f"Operator '{operator}' is not supported because the required parameters might be missing. Try adding "
        "$count=true query parameter and ConsistencyLevel:eventual header. "
        "Refer to https://aka.ms/graph-docs/advanced-queries for more information"
    )


def _search(db: sqlite3.Connection, collection: Collection, query: Query) -> Condition | None:
    if query.search is None:
        return None
    try:
        tree = parse_search(query.search)
    except SearchSyntaxError as error:
        raise bad_request(str(error), "BadRequest") from None
    db.create_function(_SEARCH, 2, matches, deterministic=True)
    return _searched(collection, tree)


def _searched(collection: Collection, tree: Search) -> Condition:
    if not isinstance(tree, Clause):
        parts = [_searched(collection, part) for part in tree.operands]
        values = tuple(value for part in parts for value in part.parameters)
        return Condition(f"({f' {tree.operator} '.join(part.sql for part in parts)})", values)
    column = collection.filterable.get(tree.property)
    if column is None or (tree.property not in collection.searchable and "startswith" not in column.operators):
        raise unsupported_query(f"Property '{tree.property}' does not support search.")
    if column.items is not None:
        found = f"substr({column.items.value}, 1, ?) = ? COLLATE NOCASE"
        sql = f"EXISTS (SELECT 1 FROM {column.items.source} WHERE {column.items.where} AND {found})"
        return Condition(sql, (len(tree.text), tree.text))
    if tree.property not in collection.searchable:
        return Condition(f"substr({column.sql}, 1, ?) = ? COLLATE NOCASE", (len(tree.text), tree.text))
    return Condition(f"{_SEARCH}({column.sql}, ?)", (tree.text,))


def _both(first: Condition, second: Condition) -> Condition:
    values: tuple[Value, ...] = (*first.parameters, *second.parameters)
    return Condition(f"({first.sql} AND {second.sql})", values, first.selective, first.advanced)


def _sorting(collection: Collection, query: Query, *, advanced: bool) -> Sorting | None:
    if query.orderby is None:
        return None
    name, _, direction = query.orderby.strip().partition(" ")
    if direction.strip().lower() not in ("", "asc", "desc") or "," in query.orderby:
        raise unsupported_query(_SORTING)
    if name not in collection.sortable:
        kind = collection.type.name if collection.type else "directoryObject"
        raise unsupported_query(f"Unsupported sort property '{name}' for '{kind[:1].upper()}{kind[1:]}'.")
    combined = query.filter is not None or query.search is not None or collection.relationship
    column = collection.filterable[name]
    if (combined or "eq" in column.advanced) and not advanced:
        raise unsupported_query(_SORTING)
    return Sorting(f"coalesce(lower({column.sql}), '')", direction.strip().lower() == "desc")
