"""Second thoughts: an operation is cancelled before it is done, or tried again after it has ended."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from connector.logs import log_event
from connector.provisioning.asking.lines import take_places
from connector.provisioning.asking.reading import read_operation
from connector.provisioning.asking.saying import who
from connector.provisioning.errors import EndIsKept, NoSuchOperation, NotRevivable, TooLate
from connector.storage.errors import Conflict
from connector.storage.names import line_name
from connector.storage.operation_ids import bundle_of, is_operation_id
from connector.storage.operations import Operations
from connector.storage.records import (
    DeadLetter,
    Event,
    EventKind,
    LineMessage,
    Operation,
    Requester,
    Status,
)

_log = logging.getLogger(__name__)

REVIVABLE = frozenset({Status.REFUSED, Status.FAILED, Status.CANCELLED, Status.DEAD_LETTERED})
"""What can be tried again."""
_DEAD_LETTER = re.compile(r"[0-9a-f]{32}")


async def cancel(operations: Operations, operation_id: str, requester: Requester, now: datetime) -> Operation:
    """Cancel an operation; one that is cancelled already stays as it is.

    Raises:
        NoSuchOperation: there is none.
        TooLate: it has ended, or may have been written to Graph.
        EndIsKept: it is what an end comes to that was asked for, and perhaps demanded by the policy.
    """

    def cancelled(one: Operation) -> Operation:
        if one.status is Status.CANCELLED:
            return one
        if not one.status.open or one.intended:
            raise TooLate(one.id, one.status)
        if one.requester.kind == "connector":
            raise EndIsKept(one.id, one.status)
        said = f"Cancelled by {who(requester)}."
        event = Event(at=now, kind=EventKind.CANCELLED, said=said, facts=_facts(requester))
        return msgspec.structs.replace(
            one, status=Status.CANCELLED, ended_at=now, not_before=None, journalled=True, events=(*one.events, event)
        )

    operation = await _change(operations, operation_id, cancelled)
    await operations.send(LineMessage(line=line_name(operation.wanted.entitlement)))  # its place is free
    log_event(_log, "operation_ended", operation=operation.id, status=operation.status.value)
    return operation


async def revivable(operations: Operations, operation_id: str) -> Operation:
    """The operation, which has ended without success. Raises as :func:`revive`."""
    found = await read_operation(operations, operation_id)
    if found is None:
        raise NoSuchOperation(operation_id)
    if found.status not in REVIVABLE:
        raise NotRevivable(found.id, found.status)
    return found


async def revive(operations: Operations, operation_id: str, requester: Requester, now: datetime) -> Operation:
    """Let an operation that has ended without success begin anew, at the end of its line.

    Raises:
        NoSuchOperation: there is none.
        NotRevivable: it is open, or has succeeded.
    """

    def revived(one: Operation) -> Operation:
        if one.status not in REVIVABLE:
            raise NotRevivable(one.id, one.status)
        said = f"To be tried again, as {who(requester)} asks for."
        event = Event(at=now, kind=EventKind.REVIVED, said=said, facts=_facts(requester))
        return Operation(
            id=one.id,
            wanted=one.wanted,
            requester=one.requester,
            accepted_at=one.accepted_at,
            by=one.by,
            audited=one.audited,
            events=(*one.events, event),
        )

    found = await revivable(operations, operation_id)  # or there is no reason to take a place
    await take_places(operations, found.wanted.entitlement, [operation_id], now, move=True)
    operation = await _change(operations, operation_id, revived)
    await operations.send(LineMessage(line=line_name(operation.wanted.entitlement)))
    log_event(_log, "operation_revived", operation=operation.id)
    return operation


async def revive_letter(operations: Operations, letter_id: str) -> DeadLetter | None:
    """Send a message again that was put aside, and put it aside no longer; None where there is none."""
    letter = await operations.dead_letter(letter_id) if _DEAD_LETTER.fullmatch(letter_id) else None
    if letter is not None:
        await operations.send_again(letter)
        await operations.remove_dead_letter(letter_id)
    return letter


def _facts(requester: Requester) -> dict[str, Any]:
    """Who it was, for programs: what people are called changes hands."""
    facts = {"requester": requester.kind, "requester_id": requester.id}
    return {name: value for name, value in facts.items() if value}


async def _change(operations: Operations, operation_id: str, change: Callable[[Operation], Operation]) -> Operation:
    """Replace one operation of a bundle, whatever happens to the others meanwhile."""
    while True:
        held = await operations.bundle(bundle_of(operation_id)) if is_operation_id(operation_id) else None
        found = [one for one in held.record.operations if one.id == operation_id] if held else []
        if held is None or not found:
            raise NoSuchOperation(operation_id)
        changed = change(found[0])
        if changed == found[0]:
            return changed
        its = tuple(changed if one.id == operation_id else one for one in held.record.operations)
        try:
            await operations.replace_bundle(msgspec.structs.replace(held.record, operations=its), held)
        except Conflict:
            continue
        return changed
