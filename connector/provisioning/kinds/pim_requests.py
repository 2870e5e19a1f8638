"""Schedule requests of Privileged Identity Management: what is asked for, and where a request stands.

https://learn.microsoft.com/graph/api/rbacapplication-post-roleassignmentschedulerequests
https://learn.microsoft.com/graph/api/rbacapplication-post-roleeligibilityschedulerequests
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec

from connector.access.base import GraphObject
from connector.provisioning.contract import Task
from connector.provisioning.kinds.pim_times import duration, moment_of, written
from connector.storage.records.operations import Action


class Expiration(GraphObject):
    """https://learn.microsoft.com/graph/api/resources/expirationpattern"""

    end_date_time: str | None = None
    duration: str | None = None


class ScheduleInfo(GraphObject):
    """https://learn.microsoft.com/graph/api/resources/requestschedule"""

    start_date_time: str | None = None
    expiration: Expiration | None = None

    @property
    def starts_at(self) -> datetime | None:
        """When it begins, or began."""
        return moment_of(self.start_date_time)

    @property
    def ends_at(self) -> datetime | None:
        """When it ends; None: never."""
        if self.expiration is None:
            return None
        length = duration(self.expiration.duration)
        if length is not None and self.starts_at is not None:
            return self.starts_at + length
        return moment_of(self.expiration.end_date_time)


class Schedule(GraphObject):
    """https://learn.microsoft.com/graph/api/resources/unifiedroleassignmentschedule and its like for eligibility."""

    id: str
    directory_scope_id: str | None = None
    app_scope_id: str | None = None
    assignment_type: str | None = None
    member_type: str | None = None
    schedule_info: ScheduleInfo | None = None


class ScheduleRequest(GraphObject):
    """https://learn.microsoft.com/graph/api/resources/unifiedroleassignmentschedulerequest and its like for eligibility."""

    id: str
    status: str = ""
    action: str = ""
    directory_scope_id: str | None = None
    app_scope_id: str | None = None
    justification: str | None = None
    created_date_time: str | None = None
    schedule_info: ScheduleInfo | None = None


class Progress(StrEnum):
    """``open``: PIM is at it; ``ahead``: granted, and its time has not come, so that it can still be canceled; ``done``: carried out, or made a
    schedule of; ``lost``: it was not, or is no longer, carried out."""

    OPEN = "open"
    AHEAD = "ahead"
    DONE = "done"
    LOST = "lost"


# https://learn.microsoft.com/graph/api/resources/request, and, in lower case, the words that Azure's own PIM has beside them.
_DONE = frozenset({"provisioned", "schedulecreated"})
_LOST = frozenset({"failed", "failedasresourceislocked", "denied", "admindenied", "canceled", "timedout", "invalid"})
_CLOCKS = timedelta(minutes=5)  # how far Graph's clock and this machine's may differ


def progress(request: ScheduleRequest, now: datetime) -> Progress:
    """Where a request stands. A status that nobody knows is an open one: it changes, or patience ends."""
    status = request.status.lower()
    if status in _LOST:
        return Progress.LOST
    if status == "revoked":
        return Progress.DONE if request.action.lower() == "adminremove" else Progress.LOST
    starts = request.schedule_info.starts_at if request.schedule_info else None
    if status == "granted" and starts is not None and starts > now:
        return Progress.AHEAD
    return Progress.DONE if status in _DONE else Progress.OPEN


def is_ours(request: ScheduleRequest, task: Task) -> bool:
    """Whether an attempt of ``task`` may have made it: the one whose answer is known, or one like it that was lost."""
    if task.state.get("request_id") == request.id:
        return True
    made = moment_of(request.created_date_time)
    actions = ("adminremove",) if task.wanted.action is Action.REVOKE else ("adminassign", "adminupdate")
    return (
        task.intended
        and request.action.lower() in actions
        and request.justification == task.wanted.justification
        and made is not None
        and made >= task.first_at - _CLOCKS
    )


def body(
    action: str, task: Task, role_id: str, *, starts_at: datetime | None = None, ends_at: datetime | None = None
) -> bytes:
    """The body of ``adminAssign``, ``adminUpdate`` or ``adminRemove``; the times are left out of the last."""
    wanted = task.wanted
    asked: dict[str, Any] = {
        "action": action,
        "principalId": task.principal.id,
        "roleDefinitionId": role_id,
        "directoryScopeId": wanted.scope,
        "justification": wanted.justification,
    }
    if starts_at is not None:
        never = {"type": "noExpiration"}
        end = never if ends_at is None else {"type": "afterDateTime", "endDateTime": written(ends_at)}
        asked["scheduleInfo"] = {"startDateTime": written(starts_at), "expiration": end}
    if wanted.ticket:
        asked["ticketInfo"] = {"ticketNumber": wanted.ticket}
    return msgspec.json.encode(asked)
