"""Whether everything came out as it must: records against the tenant's own ledger, pairs against the order of what was accepted."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from connector.provisioning.refusals import CODES
from connector.storage.records import Action, EventKind, Operation, Result, Status
from tests.support.operating.ledger import Actor, Mark, Pair

_MARKS: Mapping[Result, str] = {Result.GRANTED: r"\+", Result.REVOKED: "-"}
_SILENT = {Result.ALREADY_GRANTED, Result.ALREADY_REVOKED, Result.WOULD_GRANT, Result.WOULD_UPDATE, Result.WOULD_REVOKE}


@dataclass(frozen=True)
class Case:
    """All that is known of one pair: operations in the order in which they were accepted, and what happened to it in the tenant."""

    pair: Pair
    operations: Sequence[Operation]
    marks: Sequence[Mark]

    @property
    def ours(self) -> str:
        """What the connector wrote, and what time made of it; that an end has come is nobody's writing."""
        return "".join(
            mark.sign
            for mark in self.marks
            if mark.actor is Actor.CONNECTOR or (mark.actor is Actor.TIME and mark.sign != "-")
        )

    @property
    def last_of_others(self) -> datetime | None:
        """When somebody else changed it last."""
        return max((mark.at for mark in self.marks if mark.actor is Actor.OTHERS), default=None)

    @property
    def begins_later(self) -> bool:
        """Whether any of it was to begin later: then what is asked for afterwards is done before."""
        return any(one.wanted.starts_at for one in self.operations)

    @property
    def as_done(self) -> Sequence[Operation]:
        """The operations in the order in which they must have been done."""
        if not self.begins_later:
            return self.operations
        return sorted(self.operations, key=lambda one: one.ended_at or datetime.max.replace(tzinfo=UTC))

    @property
    def is_role(self) -> bool:
        return self.pair.entitlement.startswith("directory_role")

    def told(self) -> str:
        lines = [f"  {mark.at:%d %H:%M:%S.%f} {mark.actor.value} {mark.sign}" for mark in self.marks]
        lines += [f"  {told(one)}" for one in self.operations]
        return "\n".join([str(self.pair), *lines])


def told(one: Operation) -> str:
    """One record, on some lines."""
    end = f"{one.status.value} {one.result.value if one.result else one.problem.code if one.problem else ''}"
    events = " ".join(f"{event.kind.value}@{event.at:%d-%H:%M:%S.%f}" for event in one.events)
    return f"{one.id} {one.wanted.action.value}{' dry' if one.wanted.dry_run else ''} {end}: {events}"


def cases(operations: Sequence[Operation], marks: Sequence[Mark]) -> dict[Pair, Case]:
    """By pair; of pairs that only others have changed, none."""
    its: defaultdict[Pair, list[Operation]] = defaultdict(list)
    for one in operations:
        if one.principal_id:
            its[Pair(one.wanted.entitlement, one.principal_id, one.wanted.scope)].append(one)
    return {pair: Case(pair, some, [mark for mark in marks if mark.pair == pair]) for pair, some in its.items()}


def untouched(operations: Sequence[Operation], marks: Sequence[Mark], strange: Sequence[str]) -> list[str]:
    """What the connector changed although nobody has asked for it."""
    asked = {pair for pair, case in cases(operations, marks).items() if any(_may_write(one) for one in case.operations)}
    theirs = [mark for mark in marks if mark.actor is not Actor.OTHERS and mark.pair not in asked]
    return [*strange, *(f"nobody asked for {mark.sign} of {mark.pair}" for mark in theirs)]


def untrue_records(operations: Sequence[Operation]) -> list[str]:
    """What is wrong with records that anybody can see."""
    found = []
    for one in operations:
        found += [f"{problem}: {told(one)}" for problem in _problems(one)]
    return found


def _problems(one: Operation) -> list[str]:
    found = []
    if one.status.open:
        return ["it is still open"] if one.status is not Status.SCHEDULED else []
    kinds = [event.kind for event in one.events]
    times = [event.at for event in one.events]
    if kinds[0] is not EventKind.ACCEPTED:
        found.append("nobody accepted it")
    if times != sorted(times):
        found.append("its events are out of order")
    if EventKind.ENDED not in kinds and one.status is not Status.CANCELLED:
        found.append("it does not say that it ended")
    if one.audited != len(one.events):
        found.append(f"the audit file lacks {len(one.events) - one.audited} of its events")
    if one.status is Status.SUCCEEDED and (one.result is None or not one.journalled):
        found.append("it has succeeded without a result, or is not journalled")
    if one.status is Status.SUCCEEDED and not one.wanted.dry_run and EventKind.VERIFIED not in kinds:
        found.append("it has succeeded and nobody has seen it")
    if one.status in (Status.REFUSED, Status.FAILED) and (one.problem is None or one.problem.code not in CODES):
        found.append("it does not say why")
    if one.status in (Status.REFUSED, Status.CANCELLED) and _was_intended(one) and EventKind.REVIVED not in kinds:
        found.append("something may have been written")
    if one.wanted.dry_run and EventKind.INTENDED in kinds:
        found.append("a dry run was about to write")
    return found


def untrue(case: Case, held: set[Pair], now: datetime) -> list[str]:
    """What is wrong with a pair."""
    found = []
    if not case.begins_later or not case.is_role:
        expected = "".join(_expected(case, one) for one in case.as_done)
        if not re.fullmatch(expected, case.ours):
            found.append(f"its records tell of {expected or 'nothing'}, and {case.ours or 'nothing'} was written")
        wanted = _should_be_held(case, now)
        if wanted is not None and wanted is not (case.pair in held):
            found.append(f"it should {'' if wanted else 'not '}be held")
    if not case.begins_later:
        ended = [one.ended_at for one in case.operations if one.ended_at and one.status is not Status.CANCELLED]
        if ended != sorted(ended):
            found.append("its operations were not done in the order in which they were accepted")
    return [f"{problem}\n{case.told()}" for problem in found]


def _expected(case: Case, one: Operation) -> str:
    """What an operation's record says was written, as a regular expression on the marks."""
    kind = "-" if one.wanted.action is Action.REVOKE else "[+u]" if case.is_role else r"\+"
    before = f"{kind}?" if _was_intended_before(one) else ""
    if one.wanted.dry_run:
        return ""
    if _was_disturbed(case, one):
        return f"{kind}*"
    if one.status is Status.SUCCEEDED:
        if one.result in _SILENT:
            return before
        if one.result is Result.UPDATED:
            return before + ("u" if case.is_role else "")
        return before + kind
    return f"{kind}?" if one.intended or _was_intended(one) else before


def _should_be_held(case: Case, now: datetime) -> bool | None:
    """What the last one decided, of operations in the order in which they were accepted, others, and time; None: nobody has."""
    others = case.last_of_others
    done = [one for one in case.as_done if one.status is Status.SUCCEEDED and not one.wanted.dry_run and one.ended_at]
    if any(one.status is Status.FAILED and _was_intended(one) for one in case.operations):
        return None  # nobody knows, which is what these records say
    after = [one for one in done if one.ended_at and (others is None or one.ended_at > others)]
    if not after:
        return None if others is None else next(m for m in reversed(case.marks) if m.actor is Actor.OTHERS).sign != "-"
    last = after[-1]
    if last.wanted.action is Action.REVOKE:
        return False
    ends = last.wanted.expires_at
    return ends is None or ends > now or _revoke_was_refused(case, last)


def _revoke_was_refused(case: Case, grant: Operation) -> bool:
    return any(one.by == grant.id and one.status is not Status.SUCCEEDED for one in case.operations)


def _was_disturbed(case: Case, one: Operation) -> bool:
    """Whether somebody else changed the pair while it was being worked on: then nobody can tell whose doing it was."""
    begun = [event.at for event in one.events if event.kind is EventKind.STARTED]
    return any(
        mark.actor is Actor.OTHERS
        and begun
        and begun[0] <= mark.at
        and (one.ended_at is None or mark.at <= one.ended_at)
        for mark in case.marks
    )


def _was_intended(one: Operation) -> bool:
    return any(event.kind is EventKind.INTENDED for event in one.events)


def _was_intended_before(one: Operation) -> bool:
    """Whether it may have been written before it was revived."""
    revived = [number for number, event in enumerate(one.events) if event.kind is EventKind.REVIVED]
    return bool(revived) and any(event.kind is EventKind.INTENDED for event in one.events[: revived[-1]])


def _may_write(one: Operation) -> bool:
    return not one.wanted.dry_run and _was_intended(one)
