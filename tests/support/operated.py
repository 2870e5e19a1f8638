"""Operations that have come to something, with histories as records have them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from connector.storage.operation_ids import bundle_id, operation_id, request_id
from connector.storage.records.operations import (
    Action,
    Bundle,
    Event,
    EventKind,
    Operation,
    Requester,
    Result,
    Status,
    Wanted,
)

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GROUP = "02bd9fd6-8f93-4758-87c3-1fb73740a315"
_HAPPENED: tuple[tuple[EventKind, str, dict[str, Any]], ...] = (
    (EventKind.ACCEPTED, "Asked for by a function key.", {}),
    (EventKind.INTENDED, "About to add the member.", {"method": "PATCH", "path": f"/groups/{GROUP}"}),
    (EventKind.WRITTEN, "Graph answered 204.", {"request_id": "0c1a", "status": 204}),
    (EventKind.VERIFIED, "The member is there.", {}),
    (EventKind.ENDED, "Granted.", {"status": "succeeded"}),
)


def operation(number: int = 1, *, events: int = len(_HAPPENED), at: datetime = NOON) -> Operation:
    """The operation of this number, with so many of the events of its life."""
    ended = events == len(_HAPPENED)
    return Operation(
        id=operation_id(bundle_id(request_id(at, f"{number:08x}"), 1), 1),
        wanted=Wanted(
            action=Action.GRANT,
            entitlement=f"group:{GROUP}:member",
            principal=f"someone.{number}@contoso.com",
            justification="On call – this week",
            ticket=f"CHG{number}",
        ),
        requester=Requester(kind="function_key"),
        accepted_at=at,
        status=Status.SUCCEEDED if ended else Status.RUNNING,
        result=Result.GRANTED if ended else None,
        events=tuple(
            Event(at=at + timedelta(seconds=place), kind=kind, said=said, worker="w-1", facts=facts)
            for place, (kind, said, facts) in enumerate(_HAPPENED[:events])
        ),
    )


def with_events(one: Operation, events: int) -> Operation:
    """The same operation once so many events have happened."""
    later = operation(events=events, at=one.accepted_at)
    return replace(one, events=later.events, status=later.status, result=later.result)


def bundle_of(one: Operation) -> Bundle:
    """The bundle of an operation that was asked for alone."""
    return Bundle(schema_version=1, id=one.id.rpartition("-")[0], entitlement=one.wanted.entitlement, operations=(one,))
