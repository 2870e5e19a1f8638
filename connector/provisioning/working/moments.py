"""What happens to an operation, as changes of its record: each leaves an event, and none is ever taken back."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from connector.logs import log_event
from connector.provisioning.contract import Call, Later, Principal, Sent, Step
from connector.provisioning.refusals import problem
from connector.provisioning.working.limits import MOST_ATTEMPTS, MOST_ATTEMPTS_TO_END, MOST_DEATHS, back_off
from connector.storage.records import Event, EventKind, Operation, Problem, Result, Status

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happens, and in which process. ``worker``: its id, made when it started."""

    at: datetime
    worker: str

    def event(self, kind: EventKind, said: str, **facts: Any) -> Event:
        """Something that happens now; facts without a value are left out."""
        return Event(
            at=self.at,
            kind=kind,
            said=said,
            worker=self.worker,
            facts={name: value for name, value in facts.items() if value not in (None, "")},
        )

    def resolved(self, one: Operation, principal: Principal) -> Operation:
        """It is known who is meant: from now on by object id, whatever names come to mean."""
        return replace(one, principal_id=principal.id, principal_kind=principal.kind, principal_name=principal.name)

    def started(self, one: Operation, principal: Principal) -> Operation:
        """Somebody is at work. Said once: whoever goes on later has more to say than that."""
        begun = replace(self.resolved(one, principal), status=Status.RUNNING, not_before=None)
        if first(one, EventKind.STARTED):
            return begun
        return _with(begun, self.event(EventKind.STARTED, f"Work begins, on {principal.name}."))

    def scheduled(self, one: Operation, start: datetime) -> Operation:
        """It begins later."""
        said = "Nothing is to be done before it starts."
        event = self.event(EventKind.POSTPONED, said, until=start.isoformat())
        return _with(replace(one, status=Status.SCHEDULED, not_before=start), event)

    def intended(self, one: Operation, steps: Iterable[Step], result: Result, state: Mapping[str, Any]) -> Operation:
        """The guards have no objection, and it is about to be written."""
        decided = _with(one, self.event(EventKind.DECIDED, "Nothing is in the way."))
        for step in steps:
            event = self.event(EventKind.INTENDED, step.said, method=step.method, path=step.path)
            decided = _with(decided, event)
        return replace(
            decided, status=Status.RUNNING, intended=True, planned=result, state={**one.state, **dict(state)}
        )

    def written(self, one: Operation, sent: Sent) -> Operation:
        """Graph has answered, or nobody knows."""
        for call in sent.calls:
            one = _with(one, self.called(call))
        return replace(one, planned=sent.result or one.planned, state={**one.state, **dict(sent.state)})

    def called(self, call: Call) -> Event:
        """A call that was made."""
        said = (
            f"Graph answered {call.status}."
            if call.status
            else "Graph gave no answer; whether it is done will be seen."
        )
        return self.event(
            EventKind.WRITTEN,
            said,
            method=call.method,
            path=call.path,
            status=call.status,
            request_id=call.request_id,
            code=call.code,
        )

    def verified(self, one: Operation, said: str, *, already: Result) -> Operation:
        """It is as wanted: by our doing where that was intended, and otherwise it is as ``already`` says."""
        seen = _with(one, self.event(EventKind.VERIFIED, said))
        return self.succeeded(seen, (one.planned or already) if one.intended else already)

    def would(self, one: Operation, steps: Iterable[Step], result: Result) -> Operation:
        """The end of a dry run."""
        for step in steps:
            event = self.event(EventKind.DECIDED, f"Would be done: {step.said}", method=step.method, path=step.path)
            one = _with(one, event)
        return self.succeeded(one, _WOULD.get(result, result))

    def succeeded(self, one: Operation, result: Result) -> Operation:
        """It has come to ``result``."""
        said = f"Succeeded: {result.value.replace('_', ' ')}."
        return self._ended(replace(one, result=result, journalled=one.wanted.dry_run), Status.SUCCEEDED, said)

    def refused(self, one: Operation, why: Problem) -> Operation:
        """A guard or the policy says no. What may have been written before is no longer refused: it has failed."""
        if one.intended:
            return self.failed(one, why)
        decided = _with(one, self.event(EventKind.DECIDED, why.sentence, code=why.code))
        return self._ended(replace(decided, problem=why, journalled=True), Status.REFUSED, f"Refused: {why.sentence}")

    def failed(self, one: Operation, why: Problem) -> Operation:
        """It will not come to what was asked for."""
        return self._ended(replace(one, problem=why, journalled=True), Status.FAILED, f"Failed: {why.sentence}", why)

    def postponed(self, one: Operation, later: Later, why: Problem | None = None) -> Operation:
        """It goes on later; or fails, where it has been tried too often. ``why``: what is in the way, where that is known."""
        attempts = one.attempts + later.counts
        one = replace(one, attempts=attempts, state={**one.state, **dict(later.state)})
        if attempts >= (MOST_ATTEMPTS_TO_END if one.requester.kind == "connector" else MOST_ATTEMPTS):
            gave_up = problem(
                "gave_up",
                f"It failed {attempts} times, the last time like this: {why.sentence if why else later.said}",
                why.remedy if why else "Find out what is in the way, and try it again with `operations retry`.",
                graph_code=why.graph_code if why else "",
                request_id=why.request_id if why else "",
            )
            return self.failed(one, gave_up)
        until = self.at + timedelta(seconds=later.seconds)
        waiting = replace(one, status=Status.WAITING, not_before=until)
        if not later.counts and one.events[-1].kind is EventKind.POSTPONED and one.events[-1].said == later.said:
            return waiting  # it may wait for days, and is asked about every few seconds
        event = self.event(
            EventKind.POSTPONED,
            later.said,
            until=until.isoformat(),
            attempt=attempts if later.counts else None,
            code=why.graph_code or why.code if why else None,
            request_id=why.request_id if why else None,
        )
        return _with(waiting, event)

    def interrupted(self, one: Operation) -> Operation:
        """Whoever was at work has died, or was stopped."""
        event = self.event(EventKind.POSTPONED, "Whoever was at work on it has died; work on it begins again.")
        return self._died(_with(one, event), one.died + 1)

    def unforeseen(self, one: Operation, error: Exception, deaths: int) -> Operation:
        """Work on it ended in a way that nobody has foreseen. What the error says is left out: it may quote anything."""
        said = f"Work on it ended in an unforeseen way ({type(error).__name__})."
        event = self.event(EventKind.POSTPONED, said, error=type(error).__name__)
        return self._died(_with(one, event), deaths)

    def dead_lettered(self, one: Operation) -> Operation:
        """It is put aside for people to look at."""
        why = problem(
            "dead_lettered",
            f"Work on it ended {one.died} times in an unforeseen way.",
            "Look into the log for what went wrong, and try it again with `operations retry` when that is mended.",
        )
        said = "Put aside: it could not be worked on, again and again."
        log_event(
            _log,
            "operation_dead_lettered",
            level=logging.ERROR,
            operation=one.id,
            entitlement=one.wanted.entitlement,
            deaths=one.died,
        )
        return self._ended(replace(one, problem=why, journalled=True), Status.DEAD_LETTERED, said, why)

    def journalled(self, one: Operation, said: str, sequence: int | None) -> Operation:
        """Its effect is in the journal, or left to rounds."""
        return _with(replace(one, journalled=True), self.event(EventKind.JOURNALLED, said, sequence=sequence))

    def end_kept(self, one: Operation, expires_at: datetime) -> Operation:
        """The connector keeps its end; said once."""
        if any(event.kind is EventKind.EXPIRY_KEPT for event in since_revival(one)):
            return one
        said = "The connector keeps its end: Graph has none for such grants."
        return _with(one, self.event(EventKind.EXPIRY_KEPT, said, until=expires_at.isoformat()))

    def expired(self, one: Operation, revoke: str) -> Operation:
        """Its end has come, and a revoke follows; said once."""
        if any(event.kind is EventKind.EXPIRED and event.facts.get("operation") == revoke for event in one.events):
            return one
        return _with(one, self.event(EventKind.EXPIRED, "Its end has come; it is revoked.", operation=revoke))

    def _died(self, one: Operation, deaths: int) -> Operation:
        one = replace(one, died=deaths)
        if deaths >= MOST_DEATHS:
            return self.dead_lettered(one)
        wait = back_off(deaths) if deaths > 1 else 0.0
        return replace(one, status=Status.WAITING, not_before=self.at + timedelta(seconds=wait) if wait else None)

    def _ended(self, one: Operation, status: Status, said: str, why: Problem | None = None) -> Operation:
        event = self.event(
            EventKind.ENDED,
            said,
            status=status.value,
            result=one.result.value if one.result else None,
            code=one.problem.code if one.problem else None,
            graph_code=why.graph_code if why else None,
            request_id=why.request_id if why else None,
        )
        log_event(
            _log,
            "operation_ended",
            operation=one.id,
            action=one.wanted.action.value,
            entitlement=one.wanted.entitlement,
            principal=one.principal_id,
            status=status.value,
            result=one.result.value if one.result else None,
            code=one.problem.code if one.problem else None,
            seconds=round((self.at - one.accepted_at).total_seconds(), 3),
        )
        if one.requester.kind == "connector" and status not in (Status.SUCCEEDED, Status.CANCELLED):
            log_event(_log, "end_not_kept", level=logging.ERROR, operation=one.id, grant=one.by)
        return _with(replace(one, status=status, ended_at=self.at, not_before=None), event)


def since_revival(one: Operation) -> tuple[Event, ...]:
    """What has happened to an operation since it was accepted, or revived the last time."""
    last = max((number for number, event in enumerate(one.events) if event.kind is EventKind.REVIVED), default=0)
    return one.events[last:]


def first(one: Operation, kind: EventKind) -> datetime | None:
    """When something happened first, since it was accepted or revived."""
    return next((event.at for event in since_revival(one) if event.kind is kind), None)


_WOULD = {
    Result.GRANTED: Result.WOULD_GRANT,
    Result.UPDATED: Result.WOULD_UPDATE,
    Result.REVOKED: Result.WOULD_REVOKE,
}


def _with(one: Operation, event: Event) -> Operation:
    return replace(one, events=(*one.events, event))
