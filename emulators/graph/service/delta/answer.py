"""Answers delta queries."""

from __future__ import annotations

import zlib
from typing import Any

import msgspec

from emulators.graph.service.context import Context
from emulators.graph.service.delta import assignments, consents, state
from emulators.graph.service.delta.objects import ObjectRound, Page
from emulators.graph.service.delta.rules import ANY_SET, ASSIGNMENT, followed
from emulators.graph.service.errors import access_denied
from emulators.graph.service.messages import Caller, Reply, Request
from emulators.graph.service.odata.query import Query, parse_query
from emulators.graph.service.operations import Call, Operation
from emulators.graph.service.permissions import may_read_hidden_members, may_read_type
from emulators.graph.service.resources.directory import TYPE_OF_SET

Item = dict[str, Any]


def operation(entity_set: str) -> Operation:
    """The delta function of an entity set."""

    def answer(call: Call) -> Reply:
        query = parse_query(call.request.options)
        latest = (query.delta_token or "").lower() == "latest"
        current = _begin(call, entity_set, query) if latest else _round(call, entity_set, query)
        page = Page([], None) if latest else _page(call, entity_set, current)
        return _reply(call, entity_set, current, page)

    return answer


def _round(call: Call, entity_set: str, query: Query) -> state.Round:
    if query.skip_token is not None:
        return state.opened(call.context, call.request, "$skiptoken", query.skip_token)
    if query.delta_token:
        since = state.opened(call.context, call.request, "$deltatoken", query.delta_token)
        return msgspec.structs.replace(since, until=_last_change(call.context))
    return _begin(call, entity_set, query)


def _begin(call: Call, entity_set: str, query: Query) -> state.Round:
    context = call.context
    wanted = followed(entity_set, query)
    if entity_set == ANY_SET:
        _check_types(call.caller, [*(part.type for part in wanted.parts), *([ASSIGNMENT] * wanted.assignments)])
    generation = context.resets.generation(state.entity_set_of(call.request))
    return state.Round(
        wanted, _first_options(call.request), None, _last_change(context), context.clock.now(), generation
    )


def _check_types(caller: Caller, types: list[str]) -> None:
    """App role assignments go with the permission to read users."""
    if not all(may_read_type("user" if name == ASSIGNMENT else name, caller.roles) for name in types):
        raise access_denied()


def _first_options(request: Request) -> tuple[tuple[str, str], ...]:
    kept = ("select", "filter")
    return tuple((name, value) for name, value in request.options if name.lower().lstrip("$") in kept)


def _page(call: Call, entity_set: str, current: state.Round) -> Page:
    variants = call.context.variants
    if (variants.empty_first_page and current.number == 0) or (variants.empty_pages and current.number % 2):
        return Page([], current)
    minimal = call.request.minimal and current.since is not None
    if entity_set not in (*TYPE_OF_SET, ANY_SET):
        return consents.page(call.context, current)
    if current.assignment is not None:
        return assignments.page(call.context, current)
    page = ObjectRound(call.context, current, minimal=minimal).page()
    _withhold(call, page.items)
    if page.following is None and current.followed.assignments:
        return Page(page.items, msgspec.structs.replace(current, assignment=""))
    return page


def _withhold(call: Call, items: list[Item]) -> None:
    """Leave out hidden members, for callers that may not read them."""
    if may_read_hidden_members(call.caller.roles):
        return
    hidden = "SELECT 1 FROM objects WHERE id = ? AND json_extract(body, '$.visibility') = 'HiddenMembership'"
    for item in items:
        if "members@delta" in item and call.context.db.execute(hidden, (item["id"],)).fetchone():
            del item["members@delta"]


def _reply(call: Call, entity_set: str, current: state.Round, page: Page) -> Reply:
    body: Item = {"@odata.context": f"{call.request.base}/$metadata#{entity_set}"}
    if page.following is not None:
        body["@odata.nextLink"] = state.next_link(call.context, call.request, page.following)
    else:
        body["@odata.deltaLink"] = state.delta_link(call.context, call.request, current)
    headers = {"Preference-Applied": "return=minimal"} if call.request.minimal else {}
    return Reply(200, body | {"value": _as_told(call.context, page.items)}, headers)


def _as_told(context: Context, items: list[Item]) -> list[Item]:
    """The items of a page as the variants want them told: some twice, in no particular order."""
    if context.variants.delta_repeats:
        items = [part for item in items for part in _halves(item)]
    if context.variants.delta_shuffled:
        items = [item for _, item in sorted(enumerate(items), key=_disorder)]
    return items


def _halves(item: Item) -> tuple[Item, Item]:
    """One item as two, which share its relationship rows."""
    first, second = dict(item), dict(item)
    for name, rows in item.items():
        if name.endswith("@delta"):
            middle = len(rows) // 2
            _put(first, name, rows[:middle])
            _put(second, name, rows[middle:])
    return first, second


def _put(item: Item, name: str, rows: list[Item]) -> None:
    if rows:
        item[name] = rows
    else:
        del item[name]


def _disorder(numbered: tuple[int, Item]) -> int:
    """The same for the same page, and without any relation to what is on it."""
    number, item = numbered
    return zlib.crc32(f"{number} {item['id']}".encode())


def _last_change(context: Context) -> int:
    return int(context.db.execute("SELECT seq FROM sequence").fetchone()[0])
