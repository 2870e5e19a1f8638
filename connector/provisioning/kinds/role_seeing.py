"""Whether it is as wanted, by what is read; and the same in the form of the fact tables, for the journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from connector.access.base import Row
from connector.access.roles import role_assignment, role_instance
from connector.incremental.facts import Reading
from connector.provisioning.contract import Seen, Task
from connector.provisioning.kinds.pim_requests import Progress, ScheduleRequest, progress
from connector.provisioning.kinds.role_holdings import Held
from connector.provisioning.kinds.role_planning import AsWanted, NotHeld, Situation, draft
from connector.provisioning.refusals import problem
from connector.storage.records.operations import Action, Problem

WAS = "was"
"""Name, in an operation's state, of the keys of the fact rows that were there before: what is missing among them is gone."""
REQUEST_ID = "request_id"
"""Name, in an operation's state, of the id of the schedule request that it made."""
REQUESTED_AT = "requested_at"
"""Name, in an operation's state, of when that was answered, by this machine's clock."""


def seen(it: Situation) -> Seen:
    """How it is. Of a grant that begins later, seen is what is planned."""
    mine = own_request(it.task, it.held)
    if mine is not None and progress(mine, it.now) is Progress.LOST:
        return Seen(False, f"The request has ended as {mine.status}.", problem=ended(mine))
    found = draft(it)
    if isinstance(found, AsWanted):
        return Seen(True, found.said, reading(it))
    if isinstance(found, NotHeld):
        still = " It stays active until the activation ends." if found.activated else ""
        return Seen(True, f"It is not held any more.{still}", reading(it))
    granting = it.task.wanted.action is Action.GRANT
    if mine is not None and progress(mine, it.now) is Progress.OPEN:
        return Seen(False, f"Privileged Identity Management is at it ({mine.status}).")
    return Seen(False, "It does not show yet." if granting else "It is still there.")


def own_request(task: Task, held: Held) -> ScheduleRequest | None:
    """The schedule request whose id an attempt of this operation has kept."""
    kept = task.state.get(REQUEST_ID)
    return next((one for one in held.requests if one.id == kept), None)


def ended(request: ScheduleRequest) -> Problem:
    """PIM did not carry it out, or took it back."""
    return problem(
        "pim_request_ended",
        f"Privileged Identity Management has ended the request {request.id} as {request.status}.",
        "Look the request up in the audit log of Privileged Identity Management, and ask again.",
        graph_code=request.status,
    )


def keys(held: Held) -> dict[str, list[str]]:
    """Keys of the fact rows that are there, by fact table."""
    return {
        "role_assignments": [one.id for one in held.assignments],
        "role_assignment_instances": [one.id for one in held.instances],
        "role_eligibility_instances": [one.id for one in held.eligible],
    }


def reading(it: Situation) -> Reading:
    """The facts of the pair at that scope: rows that are there, and keys of those that were before and are gone."""
    held, found = it.held, Reading()
    rows: Mapping[str, list[Row]] = {
        "role_assignments": [role_assignment(one) for one in held.assignments],
        "role_assignment_instances": [role_instance(one) for one in held.instances],
        "role_eligibility_instances": [role_instance(one) for one in held.eligible],
    }
    found.rows = {table: [msgspec.to_builtins(row) for row in some] for table, some in rows.items() if some}
    there, was = keys(held), it.task.state.get(WAS)
    before: Mapping[str, Any] = was if isinstance(was, dict) else {}
    gone = {table: [key for key in before.get(table, ()) if key not in there[table]] for table in there}
    found.gone = {table: [(key,) for key in some] for table, some in gone.items() if some}
    return found
