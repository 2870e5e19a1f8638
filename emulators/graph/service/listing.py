"""Answers lists, references, single reads and counts of any collection."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from emulators.graph.service.context import Context
from emulators.graph.service.errors import bad_request, not_found, unsupported_query
from emulators.graph.service.messages import Caller, Reply, Request
from emulators.graph.service.odata.query import Query, parse_query, refuse
from emulators.graph.service.odata.sql import Condition
from emulators.graph.service.paging import Fill, Place, fill_of, next_link, place_of
from emulators.graph.service.querying import Plan, plan
from emulators.graph.service.resources.collection import Collection, Row
from emulators.graph.service.sign_in_activity import check_key, check_sign_ins, page_limit


def list_page(context: Context, request: Request, caller: Caller, collection: Collection) -> Reply:
    """One page of a collection.

    Raises:
        GraphError: for options that are not offered, and for page tokens that do not belong to the query.
    """
    asked = _ask(context, request, caller, collection)
    rows, link = asked.page()
    query = asked.query
    items = collection.shape(context, caller, query, rows)
    body: dict[str, Any] = {"@odata.context": f"{request.base}/$metadata#{collection.context}"}
    if query.count and request.eventual and not query.skip_token:
        body["@odata.count"] = _number(context, collection, asked.planned.condition)
    return Reply(200, body | ({"@odata.nextLink": link} if link else {}) | {"value": items})


def references(context: Context, request: Request, caller: Caller, collection: Collection) -> Reply:
    """One page of a collection as references: ``$ref``."""
    refuse(parse_query(request.options), "$top")
    rows, link = _ask(context, request, caller, collection).page()
    body: dict[str, Any] = {"@odata.context": f"{request.base}/$metadata#Collection($ref)"}
    addresses = [f"{request.base}/directoryObjects/{row[len(collection.order) + 1]}" for row in rows]
    value = [{"@odata.id": address} for address in addresses]
    return Reply(200, body | ({"@odata.nextLink": link} if link else {}) | {"value": value})


def _ask(context: Context, request: Request, caller: Caller, collection: Collection) -> _Asked:
    query = parse_query(request.options)
    size = _page_size(context, caller, collection, query)
    place = place_of(context, request, query.skip_token)
    return _Asked(context, request, collection, query, place, size, plan(context.db, request, collection, query))


def single(context: Context, request: Request, caller: Caller, collection: Collection, identifier: str) -> Reply:
    """One item of a collection.

    Raises:
        GraphError: 404 when it is not there, 400 for options that single reads do not have.
    """
    query = replace(parse_query(request.options), single=True)
    refuse(query, "$select", *({"$expand"} & collection.options))
    if query.expands_levels and not (request.eventual and query.count):
        raise unsupported_query()
    if check_sign_ins(context, caller, collection, query):
        check_key(identifier)
    condition = (
        collection.identify(identifier)
        if collection.identify
        else Condition(f"{collection.id_column} = ?", (_normal(identifier),))
    )
    sql = (
        f"SELECT {', '.join(collection.order)}, {collection.fields} FROM {collection.source}"
        f" WHERE ({_within(collection, condition)}) AND {condition.sql}"
    )
    rows = context.db.execute(sql, (*collection.parameters, *condition.parameters)).fetchall()
    if not rows:
        raise not_found(identifier)
    item = collection.shape(context, caller, query, rows[:1])[0]
    return Reply(200, {"@odata.context": f"{request.base}/$metadata#{collection.context}/$entity"} | item)


def plain_count(context: Context, request: Request, collection: Collection) -> Reply:
    """The answer to ``/$count``: plain text.

    Raises:
        GraphError: 400 without the header that advanced queries need.
    """
    query = replace(parse_query(request.options), count=True)
    if not request.eventual:
        raise bad_request("$count is not currently supported.")
    refuse(query, "$filter", "$search")
    planned = plan(context.db, request, collection, query)
    return Reply(200, _number(context, collection, planned.condition), {"Content-Type": "text/plain"})


def _number(context: Context, collection: Collection, condition: Condition) -> int:
    sql = f"SELECT count(*) FROM {collection.source} WHERE ({collection.where}) AND {condition.sql}"
    return int(context.db.execute(sql, (*collection.parameters, *condition.parameters)).fetchone()[0])


@dataclass(frozen=True, slots=True)
class _Asked:
    """A list that was asked for: where its page begins, how many items it may hold (None: all), and what is wanted of it."""

    context: Context
    request: Request
    collection: Collection
    query: Query
    place: Place
    size: int | None
    planned: Plan

    def page(self) -> tuple[list[Row], str | None]:
        """The rows of the page, and the link to the next."""
        if self.size is None:
            return self._rows(None, None), None
        if self.place.ended:
            return [], None
        fill = fill_of(self.context, self.place, self.size)
        rows = self._rows(self.place.after, fill.most + 1)
        following = self._following(rows, fill)
        link = next_link(self.context, self.request, following) if following else None
        return rows[: fill.most], link

    def _following(self, rows: list[Row], fill: Fill) -> Place | None:
        shown = rows[: fill.most]
        width = len(self.collection.order) + (self.planned.sorting is not None)
        after = tuple(shown[-1][:width]) if shown else self.place.after
        advanced = self.request.eventual and (self.query.count or self.query.search is not None)
        place = Place(self.place.number + 1, eventual=self.place.eventual or advanced, after=after)
        if len(rows) > fill.most or (not fill.most and self.place.number == 0):
            return place
        return msgspec.structs.replace(place, ended=True) if fill.last_is_empty else None

    def _rows(self, after: tuple[Any, ...] | None, most: int | None) -> list[Row]:
        """Up to ``most`` rows after a place. Each begins with the values of the order's columns."""
        collection, condition, sorting = self.collection, self.planned.condition, self.planned.sorting
        where = [f"({_within(collection, condition)})", condition.sql]
        parameters: list[Any] = [*collection.parameters, *condition.parameters]
        order = ", ".join(collection.order)
        by = ", ".join(f"+{column}" for column in collection.order) if condition.selective else order
        first = ""
        if sorting:
            first = f"{sorting.sql}, "
            by = f"{sorting.sql}{' DESC' if sorting.descending else ''}, {order}"
        if after and sorting:
            sign = "<" if sorting.descending else ">"
            marks = ",".join("?" * (len(after) - 1))
            where.append(f"({sorting.sql} {sign} ? OR ({sorting.sql} = ? AND ({order}) > ({marks})))")
            parameters += [after[0], *after]
        elif after:
            where.append(f"({order}) > ({','.join('?' * len(after))})")
            parameters += after
        limit = "" if most is None else f" LIMIT {most}"
        sql = (
            f"SELECT {first}{order}, {collection.fields} FROM {collection.source}"
            f" WHERE {' AND '.join(where)} ORDER BY {by}{limit}"
        )
        return self.context.db.execute(sql, parameters).fetchall()


def _within(collection: Collection, condition: Condition) -> str:
    """The collection's own condition; a unary plus keeps SQLite from walking a whole type where it could look ids up."""
    return collection.where.replace("o.type = ", "+o.type = ") if condition.selective else collection.where


def _page_size(context: Context, caller: Caller, collection: Collection, query: Query) -> int | None:
    if not collection.page.paged:
        if query.top is not None:
            raise unsupported_query("The query option '$top' is not supported for this resource.")
        return None
    largest = collection.page.largest
    if check_sign_ins(context, caller, collection, query):
        largest = page_limit(context, query)
    return min(query.top or collection.page.default, largest)


def _normal(identifier: str) -> str:
    try:
        return str(uuid.UUID(identifier))
    except ValueError:
        return identifier
