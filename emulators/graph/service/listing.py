"""Answers lists, single reads and counts of any collection: options checked, rows read by key range, pages linked."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from emulators.graph.service.context import Context
from emulators.graph.service.errors import (
    GraphError,
    access_denied,
    bad_request,
    expired_page_token,
    non_premium_tenant,
    not_found,
    unsupported_query,
)
from emulators.graph.service.messages import Caller, Reply, Request
from emulators.graph.service.odata.query import Query, parse_query, refuse
from emulators.graph.service.odata.sql import Condition, UnknownProperty, UnsupportedFilter, to_sql
from emulators.graph.service.permissions import SIGN_IN_ACTIVITY
from emulators.graph.service.resources.collection import Collection, Row
from emulators.graph.service.tokens import InvalidToken

_NOTHING = Condition("1", ())


def list_page(context: Context, request: Request, caller: Caller, collection: Collection) -> Reply:
    """One page of a collection.

    Raises:
        GraphError: for options that are not offered, and for page tokens that do not belong to the query.
    """
    query = parse_query(request.options)
    _check(request, collection, query)
    size = _page_size(context, caller, collection, query)
    after = _position(context, request, query)
    if after is None and context.variants.empty_first_page and collection.page.paged:
        return _page(request, collection, [], _next_link(context, request, []))
    rows = _rows(context, collection, _condition(collection, query), after, size)
    more = size is not None and len(rows) > size
    rows = rows[:size]
    items = collection.shape(context, caller, query, rows)
    link = _next_link(context, request, rows[-1][: len(collection.order)]) if more else None
    reply = _page(request, collection, items, link)
    if query.count and request.eventual and not query.skip_token:
        _add_count(reply, count(context, collection, query))
    return reply


def single(context: Context, request: Request, caller: Caller, collection: Collection, identifier: str) -> Reply:
    """One item of a collection.

    Raises:
        GraphError: 404 when it is not there, 400 for options that single reads do not have.
    """
    query = parse_query(request.options)
    refuse(query, "$select", *({"$expand"} & collection.options))
    _check_sign_in(context, caller, collection, query)
    sql = (
        f"SELECT {', '.join(collection.order)}, {collection.fields} FROM {collection.source}"
        f" WHERE ({collection.where}) AND {collection.id_column} = ?"
    )
    rows = context.db.execute(sql, (*collection.parameters, _normal(identifier))).fetchall()
    if not rows:
        raise not_found(identifier)
    entity = f"{collection.context}/$entity"
    item = collection.shape(context, caller, query, rows[:1])[0]
    return Reply(200, {"@odata.context": f"{request.base}/$metadata#{entity}"} | item)


def plain_count(context: Context, request: Request, collection: Collection) -> Reply:
    """The answer to ``/$count``: plain text.

    Raises:
        GraphError: 400 without the header that advanced queries need.
    """
    query = parse_query(request.options)
    if not request.eventual:
        raise bad_request("$count is not currently supported.")
    refuse(query, "$filter")
    number = count(context, collection, query)
    return Reply(200, number, {"Content-Type": "text/plain"})


def count(context: Context, collection: Collection, query: Query) -> int:
    """How many items a collection has that match the filter."""
    condition = _condition(collection, query)
    sql = f"SELECT count(*) FROM {collection.source} WHERE ({collection.where}) AND {condition.sql}"
    return int(context.db.execute(sql, (*collection.parameters, *condition.parameters)).fetchone()[0])


def _rows(
    context: Context, collection: Collection, condition: Condition, after: Sequence[Any] | None, size: int | None
) -> list[Row]:
    order = ", ".join(collection.order)
    within = collection.where
    if condition.selective:
        # A unary plus keeps SQLite from walking the whole type where it could look ids up.
        within = within.replace("o.type = ", "+o.type = ")
    where = [f"({within})", condition.sql]
    parameters: list[Any] = [*collection.parameters, *condition.parameters]
    if after:
        where.append(f"({order}) > ({','.join('?' * len(after))})")
        parameters += after
    limit = "" if size is None else f" LIMIT {size + 1}"
    by = ", ".join(f"+{column}" for column in collection.order) if condition.selective else order
    sql = (
        f"SELECT {order}, {collection.fields} FROM {collection.source} WHERE {' AND '.join(where)} ORDER BY {by}{limit}"
    )
    return context.db.execute(sql, parameters).fetchall()


def _condition(collection: Collection, query: Query) -> Condition:
    if query.filter is None:
        return _NOTHING
    try:
        return to_sql(query.filter, collection.filterable)
    except UnknownProperty as unknown:
        name = collection.type.name if collection.type else "directoryObject"
        if collection.type and str(unknown) in collection.type.kinds:
            raise _unsupported_filter(str(unknown), name) from None
        message = (
            f"Invalid filter clause: Could not find a property named '{unknown}' on type 'microsoft.graph.{name}'."
        )
        raise bad_request(message, "BadRequest") from None
    except UnsupportedFilter as unsupported:
        if unsupported.property and collection.type:
            raise _unsupported_filter(unsupported.property, collection.type.name) from None
        raise unsupported_query() from None


def _unsupported_filter(name: str, type_name: str) -> GraphError:
    resource = type_name[:1].upper() + type_name[1:]
    return unsupported_query(
        f"Unsupported or invalid query filter clause specified for property '{name}' of resource '{resource}'."
    )


def _check(request: Request, collection: Collection, query: Query) -> None:
    if query.search is not None and not request.eventual:
        raise unsupported_query(
            "Request with $search query parameter only works through MSGraph with a special request header: "
            "'ConsistencyLevel: eventual'"
        )
    refuse(query, *collection.options)
    if collection.cast and query.filter is not None and not (request.eventual and query.count):
        raise unsupported_query("The specified filter to the reference property query is currently not supported.")


def _page_size(context: Context, caller: Caller, collection: Collection, query: Query) -> int | None:
    if not collection.page.paged:
        if query.top is not None:
            raise unsupported_query("The query option '$top' is not supported for this resource.")
        return None
    largest = collection.page.largest
    if _check_sign_in(context, caller, collection, query):
        largest = context.variants.sign_in_page_size
        if query.top is not None and query.top > largest and context.variants.sign_in_top_is_error:
            message = f"Cannot query data for more than {largest} users at a time."
            raise bad_request(message, "BadRequest")
    return min(query.top or collection.page.default, largest)


def _check_sign_in(context: Context, caller: Caller, collection: Collection, query: Query) -> bool:
    """Whether sign-in activity is wanted, which needs a permission and a license of its own."""
    if collection.type is None or collection.type.name != "user" or "signInActivity" not in query.select:
        return False
    if SIGN_IN_ACTIVITY not in caller.roles:
        raise access_denied()
    if not context.has_premium("p1", "p2"):
        raise non_premium_tenant()
    return True


def _purpose(request: Request) -> str:
    kept = sorted((name.lower(), value) for name, value in request.options if name.lower().lstrip("$") != "skiptoken")
    return repr((request.version, request.path.lower(), kept))


def _position(context: Context, request: Request, query: Query) -> Sequence[Any] | None:
    if query.skip_token is None:
        return None
    try:
        position = context.tokens.open(_purpose(request), query.skip_token)
    except InvalidToken:
        raise expired_page_token() from None
    return list(position)


def _next_link(context: Context, request: Request, position: Sequence[Any]) -> str:
    token = context.tokens.seal(_purpose(request), list(position))
    kept = [(name, value) for name, value in request.options if name.lower().lstrip("$") != "skiptoken"]
    options = [*kept, ("$skiptoken", token)]
    query = "&".join(f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in options)
    return f"{request.base}/{quote(request.path, safe='/()')}?{query}"


def _page(request: Request, collection: Collection, items: list[dict[str, Any]], link: str | None) -> Reply:
    body: dict[str, Any] = {"@odata.context": f"{request.base}/$metadata#{collection.context}"}
    if link:
        body["@odata.nextLink"] = link
    return Reply(200, body | {"value": items})


def _add_count(reply: Reply, number: int) -> None:
    value = reply.body.pop("value")
    reply.body |= {"@odata.count": number, "value": value}


def _normal(identifier: str) -> str:
    try:
        return str(uuid.UUID(identifier))
    except ValueError:
        return identifier
