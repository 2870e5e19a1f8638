"""Carrying a plan out: one call after the other, each so that it is known what became of it, or that only looking tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from connector.access.decoding import NotJson, decode
from connector.graph.errors import GraphError, RequestRefused, Throttled
from connector.graph.writing import Outcome, Written, write
from connector.provisioning.contract import Acted, Call, Later, Planned, Refused, Sent, Task, Tools
from connector.provisioning.kinds import pim_times
from connector.provisioning.kinds.pim_requests import Progress, ScheduleRequest, progress
from connector.provisioning.kinds.role_holdings import read_held
from connector.provisioning.kinds.role_planning import AsWanted, Draft, Situation, Write, draft
from connector.provisioning.kinds.role_refusals import judged, not_licensed, unread
from connector.provisioning.kinds.role_seeing import REQUEST_ID, REQUESTED_AT, ended
from connector.provisioning.refusals import problem
from connector.storage.records.operations import Result

_AGAIN_S = 2.0
_FAILED_S = 5.0


@dataclass(slots=True)
class Carrying:
    """One task's writes, in the order of the plan.

    Attributes:
        role_id: id of the role definition.
        kind: ``assignment`` or ``eligibility``.
    """

    tools: Tools
    role_id: str
    kind: str
    task: Task
    planned: Planned
    plan: Draft
    calls: list[Call] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)

    async def out(self) -> Acted:
        """Send what is planned; stop at the first call that does not simply succeed.

        Raises:
            GraphError: Microsoft Entra ID issues no token.
        """
        self.state = dict(self.task.state) | dict(self.planned.state)
        for one in self.plan.writes:
            written = await write(
                self.tools.session, one.method, one.path, one.body, repeatable=one.verb in ("unassign", "cancel")
            )
            self._note(one, written)
            stopped = await self._after(one, written)
            if stopped is not None:
                return stopped
        return Sent(tuple(self.calls), state=self.state)

    def _note(self, one: Write, written: Written) -> None:
        refused = written.refusal
        self.calls.append(
            Call(
                one.method,
                one.path,
                written.status,
                written.request_id,
                refused.code if refused else "",
            )
        )

    async def _after(self, one: Write, written: Written) -> Acted | None:
        """What follows from how a call ended; None: the next one."""
        if written.outcome is Outcome.UNKNOWN:
            return Sent(tuple(self.calls), state=self.state)
        if written.refusal is not None:
            return await self._refused(one, written.refusal)
        if written.outcome is Outcome.NOT_DONE:
            return self._not_done(written.error)
        if one.verb in ("assign", "unassign", "cancel"):
            return None
        try:
            made = decode(written.body, ScheduleRequest)
        except NotJson:  # it is done all the same, and its own request will be found by what it says
            return None
        self.state |= {REQUEST_ID: made.id, REQUESTED_AT: pim_times.written(self.tools.now)}
        lost = progress(made, self.tools.now) is Progress.LOST
        return Refused(ended(made)) if lost else None

    def _not_done(self, error: GraphError | None) -> Acted:
        if len(self.calls) > 1:  # something was done before, which the record must tell
            return Sent(tuple(self.calls), state=self.state)
        if isinstance(error, Throttled):
            return Later(error.retry_after, str(error), self.state)
        return Later(_FAILED_S, str(error), self.state, counts=True)

    async def _refused(self, one: Write, error: RequestRefused) -> Acted | None:
        code = error.code.lower()
        if one.verb in ("unassign", "cancel") and error.not_found:
            return None  # somebody else was faster, or the answer of the call before was lost
        if code == "roleassignmentdoesnotexist" and one.verb == "adminRemove":
            mine = self.plan.again or len(self.calls) > 1
            return Sent(tuple(self.calls), None if mine else Result.ALREADY_REVOKED, self.state)
        if one.verb == "cancel" or code in ("pendingroleassignmentrequest", "roleassignmentdoesnotexist"):
            return Later(_AGAIN_S, f"Things have changed meanwhile: {error.message}", self.state, counts=True)
        if code == "roleassignmentexists" or (one.verb == "assign" and _may_be_duplicate(error)):
            there = await self._already_there()
            if there is not None:
                return there
            if _is_conflict(error):
                said = f"Graph says that it is there, and does not show it yet: {error.message}"
                return Later(_AGAIN_S, said, self.state, counts=True)
        young = (self.tools.now - self.task.first_at).total_seconds()
        return self._told(judged(error, self.task, one.permissions, young=young))

    async def _already_there(self) -> Acted | None:
        """What a look says where Graph refuses because of what is there; None: nothing is there that explains it."""
        answers = await read_held(self.tools.session, self.role_id, self.kind, [self.task])
        held = answers[self.task.id]
        if isinstance(held, GraphError):
            return unread(held)
        it = Situation(self.task, self.role_id, self.kind, held, self.tools.now)
        if isinstance(draft(it), AsWanted):
            return Sent(tuple(self.calls), None if self.plan.again else Result.ALREADY_GRANTED, self.state)
        if held.activated and not held.is_assigned:
            return Refused(
                problem(
                    "activated_from_eligibility",
                    f"{self.task.principal.name} has activated an eligibility, and Graph takes no assignment beside it.",
                    "Ask again when the activation has ended, or have it deactivated.",
                )
            )
        if it.in_force:
            return Later(_AGAIN_S, "It is held with another end.", self.state, counts=True)
        return None

    def _told(self, acted: Refused | Later) -> Acted:
        """A refusal also tells what was done before it."""
        done = [call for call in self.calls[:-1] if call.status < 400]
        if isinstance(acted, Later):
            return Later(acted.seconds, acted.said, self.state, acted.counts)
        if not done:
            return acted
        before = "; ".join(f"{call.method} {call.path}" for call in done)
        return Refused(
            msgspec.structs.replace(
                acted.problem, sentence=f"{acted.problem.sentence} Before that, this was done: {before}."
            )
        )


def _may_be_duplicate(error: RequestRefused) -> bool:
    """Whether a refusal to assign may mean that it is assigned: Graph has had several codes and sentences for that."""
    return error.status in (400, 409) and not not_licensed(error)


def _is_conflict(error: RequestRefused) -> bool:
    """Whether it certainly does, which only decides that it is worth looking again."""
    known = ("roleassignmentexists", "request_multipleobjectswithsamekeyvalue")
    return error.status == 409 or error.code.lower() in known or "conflicting object" in error.message.lower()
