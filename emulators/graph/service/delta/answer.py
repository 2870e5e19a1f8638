"""Answers delta queries."""

from __future__ import annotations

from typing import Any

from emulators.graph.service.context import Context
from emulators.graph.service.delta import consents, rules, state
from emulators.graph.service.delta.objects import ObjectRound, Page
from emulators.graph.service.messages import Reply, Request
from emulators.graph.service.odata.query import Query, parse_query
from emulators.graph.service.operations import Call, Operation
from emulators.graph.service.resources.directory import TYPE_OF_SET


def operation(entity_set: str) -> Operation:
    """The delta function of an entity set."""

    def answer(call: Call) -> Reply:
        query = parse_query(call.request.options)
        if (query.delta_token or "").lower() == "latest":
            begun = _begin(call.context, entity_set, query)
            return _reply(call, entity_set, begun, Page([], None))
        current = _round(call.context, call.request, entity_set, query)
        return _reply(call, entity_set, current, _page(call, entity_set, current))

    return answer


def _round(context: Context, request: Request, entity_set: str, query: Query) -> state.Round:
    if query.skip_token is not None:
        return state.opened(context, request, "$skiptoken", query.skip_token)
    if query.delta_token:
        since = state.opened(context, request, "$deltatoken", query.delta_token)
        return state.Round(since.tracked, since.since, _last_change(context), since.issued_at)
    return _begin(context, entity_set, query)


def _begin(context: Context, entity_set: str, query: Query) -> state.Round:
    return state.Round(rules.tracked(entity_set, query), None, _last_change(context), context.clock.now())


def _page(call: Call, entity_set: str, current: state.Round) -> Page:
    if entity_set not in TYPE_OF_SET:
        return consents.page(call.context, current)
    return ObjectRound(call.context, TYPE_OF_SET[entity_set], current, minimal=call.request.minimal).page()


def _reply(call: Call, entity_set: str, current: state.Round, page: Page) -> Reply:
    body: dict[str, Any] = {"@odata.context": f"{call.request.base}/$metadata#{entity_set}"}
    if page.position is not None:
        body["@odata.nextLink"] = state.next_link(call.context, call.request, current, page.position)
    else:
        body["@odata.deltaLink"] = state.delta_link(call.context, call.request, current)
    return Reply(200, body | {"value": page.items})


def _last_change(context: Context) -> int:
    return int(context.db.execute("SELECT seq FROM sequence").fetchone()[0])
