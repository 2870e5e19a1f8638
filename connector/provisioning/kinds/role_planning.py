"""Which calls bring about what is wanted of one principal, from what it holds now. Nothing here asks Graph.

A grant never takes away what is there: what is in force already keeps on while its end is changed, whatever start is asked for. A
revoke ends everything of the pair at that scope: what is in force, what begins later, and what is only asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from connector.provisioning.contract import Step, Task
from connector.provisioning.kinds.pim_requests import Progress, ScheduleInfo, ScheduleRequest, body, progress
from connector.provisioning.kinds.pim_times import same, written
from connector.provisioning.kinds.role_holdings import DIRECTORY, Held
from connector.provisioning.kinds.role_refusals import WRITES_ASSIGNMENTS, WRITES_SCHEDULES
from connector.storage.records.operations import Action, Result


@dataclass(frozen=True, slots=True)
class Write:
    """One call that changes something.

    Attributes:
        verb: ``assign``, ``unassign``, ``cancel``, or the action of a schedule request.
        permissions: any of which it needs.
    """

    verb: str
    method: str
    path: str
    said: str
    permissions: Sequence[str]
    body: bytes | None = None

    @property
    def through_pim(self) -> bool:
        """Whether Privileged Identity Management is asked."""
        return self.verb not in ("assign", "unassign")

    @property
    def step(self) -> Step:
        """For the record."""
        return Step(self.method, self.path, self.said)


@dataclass(frozen=True, slots=True)
class Draft:
    """What would bring it about, before it is known whether anything is in the way.

    Attributes:
        takes_away: it ends what is in force, now or sooner than it would.
        again: it may have been done by an attempt before this.
    """

    writes: tuple[Write, ...]
    result: Result
    takes_away: bool = False
    again: bool = False

    @property
    def through_pim(self) -> bool:
        """Whether any of it asks Privileged Identity Management."""
        return any(one.through_pim for one in self.writes)


@dataclass(frozen=True, slots=True)
class AsWanted:
    """It is so already."""

    said: str


@dataclass(frozen=True, slots=True)
class NotHeld:
    """Nothing that a revoke could end is held directly. ``activated``: it is active through an eligibility all the same."""

    activated: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """One task, and what is known for it. ``kind``: ``assignment`` or ``eligibility``."""

    task: Task
    role_id: str
    kind: str
    held: Held
    now: datetime
    canceled: tuple[ScheduleRequest, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Find what is granted already and begins later, and has not become a schedule: that can only be canceled."""
        planned = {one.id for one in self.held.schedules}
        object.__setattr__(
            self,
            "canceled",
            tuple(
                one for one in self.held.requests if progress(one, self.now) is Progress.AHEAD and one.id not in planned
            ),
        )

    @property
    def in_force(self) -> bool:
        """Whether it is held now, assigned itself."""
        return self.held.is_assigned if self.kind == "assignment" else bool(self.held.eligible)

    @property
    def until(self) -> datetime | None:
        """When what is in force ends."""
        return self.held.assigned_until if self.kind == "assignment" else self.held.eligible_until

    @property
    def later(self) -> datetime | None:
        """When it is to begin, where that is still to come."""
        starts = self.task.wanted.starts_at
        return starts if starts is not None and starts > self.now else None


def draft(it: Situation) -> Draft | AsWanted | NotHeld:
    """What would bring about what the task wants."""
    return _revoke(it) if it.task.wanted.action is Action.REVOKE else _grant(it)


def _grant(it: Situation) -> Draft | AsWanted:
    if it.in_force:
        return _keep_or_change(it)
    wanted, ahead = it.task.wanted, it.held.ahead(it.now)
    plans = [one.schedule_info for one in ahead] + [one.schedule_info for one in it.canceled]
    if it.later is not None and any(_is_planned(it, plan) for plan in plans):
        return AsWanted(f"It is planned, from {written(it.later)}, {_until(wanted.expires_at)}.")
    if (
        plans
    ):  # what has become a schedule can be changed; what is only granted cannot, and stands in the way of another
        canceling = [_cancel(it, one) for one in it.canceled]
        return Draft((*canceling, _request(it, "adminUpdate" if ahead else "adminAssign")), Result.UPDATED)
    permanent = it.kind == "assignment" and it.later is None and wanted.expires_at is None
    if permanent and not it.held.activated:
        return Draft((_assign(it),), Result.GRANTED)
    return Draft((_request(it, "adminAssign"),), Result.GRANTED)


def _keep_or_change(it: Situation) -> Draft | AsWanted:
    wanted = it.task.wanted.expires_at
    if same(it.until, wanted):
        return AsWanted(f"It is held, {_until(wanted)}.")
    sooner = wanted is not None and (it.until is None or wanted < it.until)
    return Draft((_request(it, "adminUpdate"),), Result.UPDATED, takes_away=sooner)


def _revoke(it: Situation) -> Draft | NotHeld:
    writes: list[Write] = []
    planned = bool(it.held.ahead(it.now))
    if it.kind == "eligibility":
        takes_away = bool(it.held.eligible and it.held.activated)
        if it.held.eligible or it.held.schedules:
            writes.append(_request(it, "adminRemove"))
    else:
        takes_away = it.in_force
        if it.in_force and it.until is None and not it.held.activated:
            writes += [_unassign(one.id) for one in it.held.assignments]
        if planned or (it.in_force and not writes):
            writes.append(_request(it, "adminRemove"))
    writes += [_cancel(it, one) for one in it.canceled]
    if not writes:
        return NotHeld(activated=bool(it.held.activated) and it.kind == "assignment")
    return Draft(tuple(writes), Result.REVOKED, takes_away=takes_away)


def _is_planned(it: Situation, plan: ScheduleInfo | None) -> bool:
    return plan is not None and same(plan.starts_at, it.later) and same(plan.ends_at, it.task.wanted.expires_at)


def _assign(it: Situation) -> Write:
    wanted = {
        "@odata.type": "#microsoft.graph.unifiedRoleAssignment",
        "roleDefinitionId": it.role_id,
        "principalId": it.task.principal.id,
        "directoryScopeId": it.task.wanted.scope,
    }
    said = f"assign the role to {it.task.principal.name}{_where(it)} for ever"
    return Write(
        "assign", "POST", f"{DIRECTORY}/roleAssignments", said, WRITES_ASSIGNMENTS, msgspec.json.encode(wanted)
    )


def _unassign(assignment_id: str) -> Write:
    path = f"{DIRECTORY}/roleAssignments/{assignment_id}"
    return Write("unassign", "DELETE", path, f"remove the role assignment {assignment_id}", WRITES_ASSIGNMENTS)


def _request(it: Situation, action: str) -> Write:
    wanted, what = it.task.wanted, "eligibility for" if it.kind == "eligibility" else "assignment of"
    path = f"{DIRECTORY}/role{it.kind.capitalize()}ScheduleRequests"
    if action == "adminRemove":
        said, sent = f"remove the {what} the role", body(action, it.task, it.role_id)
    else:
        starts = it.later if it.later is not None and not it.in_force else it.now
        sent = body(action, it.task, it.role_id, starts_at=starts, ends_at=wanted.expires_at)
        begins = "" if starts is it.now else f"from {written(starts)}, "
        said = f"{'change' if action == 'adminUpdate' else 'make'} the {what} the role: {begins}{_until(wanted.expires_at)}"
    said = f"ask Privileged Identity Management to {said}, for {it.task.principal.name}{_where(it)}"
    return Write(action, "POST", path, said, WRITES_SCHEDULES[it.kind], sent)


def _cancel(it: Situation, request: ScheduleRequest) -> Write:
    path = f"{DIRECTORY}/role{it.kind.capitalize()}ScheduleRequests/{request.id}/cancel"
    said = f"cancel the request {request.id}, which would begin later"
    return Write("cancel", "POST", path, said, WRITES_SCHEDULES[it.kind])


def _where(it: Situation) -> str:
    return "" if it.task.wanted.scope == "/" else f" at {it.task.wanted.scope}"


def _until(ends_at: datetime | None) -> str:
    return "for ever" if ends_at is None else f"until {written(ends_at)}"
