"""One go: operations of one line, with different principals, from deciding to seeing, together.

policy → examine → intent is written → act → look, with patience → end is written
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from connector.graph.errors import GraphError, RequestRefused, Throttled
from connector.incremental.facts import Reading
from connector.provisioning.asking.policy import BrokenPolicy, Policy, judge
from connector.provisioning.contract import Already, Later, Planned, Principal, Refused, Sent, Task, Tools
from connector.provisioning.entitlements import Entitlement
from connector.provisioning.refusals import problem
from connector.provisioning.working.alone import Before
from connector.provisioning.working.context import Work
from connector.provisioning.working.desk import Desk
from connector.provisioning.working.expiring import changes_end
from connector.provisioning.working.guarding import under
from connector.provisioning.working.limits import BUSY_S, LOOKS_S, NOT_SEEN_AFTER_S, UNSEEN_AGAIN_S, back_off
from connector.provisioning.working.moments import first, since_revival
from connector.storage.leases import Lease, LeaseHeld
from connector.storage.records import Action, EventKind, Operation, Problem, Result

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(slots=True)
class Go:
    """One go of a worker.

    Attributes:
        readings: what was seen, by operation: for the journal.
    """

    work: Work
    desk: Desk
    policy: Policy | BrokenPolicy
    readings: dict[str, Reading] = field(default_factory=dict)

    async def run(self, tools: Tools, chosen: Sequence[Operation], found: Mapping[str, Principal]) -> None:
        """Take ``chosen`` as far as they go now; ``found`` are their principals, by id.

        Everything is written down when this returns, but for what follows from an effect: expiries, the journal, the audit file.

        Raises:
            Overtaken, LeaseLost, StorageError: as met; whoever goes on begins with looking.
        """
        moment = self.work.moment()
        self.desk.put(moment.started(one, found[one.principal_id or ""]) for one in chosen)
        tasks = self._judged(tools, [self._task(self.desk.operation(one.id), found) for one in chosen])
        name = self.work.kind.exclusive(self.work.entitlement, tasks) if tasks else None
        try:
            async with self._exclusive(name) as leases:
                before = await Before.read(self.work.store.operations, name) if name else None
                tasks = self._without_waiting(tasks, before)
                sent = await self._write(tools, tasks, leases, before)
                await self._look(tools, sent)
        except LeaseHeld:
            later = Later(BUSY_S, f"Another operation is at work on {name}, which only one may be at a time.")
            self.desk.put(self.work.moment().postponed(self.desk.operation(task.id), later) for task in tasks)
        await self.desk.save()

    def _task(self, one: Operation, found: Mapping[str, Principal]) -> Task:
        began = first(one, EventKind.STARTED) or one.accepted_at
        return Task(one.id, one.wanted, found[one.principal_id or ""], one.intended, one.state, began)

    def _judged(self, tools: Tools, tasks: Sequence[Task]) -> list[Task]:
        """Those to which the policy does not object. What may have been done already is looked for first, whatever it says now."""
        left = []
        for task in tasks:
            why = None if task.intended else self._objection(tools, task, self.work.entitlement)
            if why is None:
                left.append(task)
            else:
                self.desk.put([self.work.moment().refused(self.desk.operation(task.id), why)])
        return left

    def _objection(self, tools: Tools, task: Task, entitlement: Entitlement) -> Problem | None:
        """What the policy says against ``entitlement`` being given or taken as the task wants."""
        return judge(self.policy, self.work.settings, tools.own_id, entitlement, task.wanted, task.principal)

    def _objection_to_writing(self, tools: Tools, task: Task, planned: Planned) -> Problem | None:
        """The same once it is known that it is to be written. Of what was intended before and not done after all, that is said anew: it may
        have waited for long."""
        again = self._objection(tools, task, self.work.entitlement) if task.intended else None
        return again or self._objection_to_more(tools, task, planned)

    def _objection_to_more(self, tools: Tools, task: Task, verdict: Planned | Already) -> Problem | None:
        """What the policy says against what comes along with it."""
        asked = isinstance(verdict, Planned) or not task.intended
        objections = (self._objection(tools, task, one) for one in verdict.brings if asked)
        why = next((found for found in objections if found is not None), None)
        return why and replace(why, sentence=f"It comes with a directory role. {why.sentence}")

    @asynccontextmanager
    async def _exclusive(self, name: str | None) -> AsyncIterator[list[Lease]]:
        if name is None:
            yield [self.work.lease]
            return
        async with self.work.store.lease(name, patience=BUSY_S) as lease:
            yield [self.work.lease, lease]

    def _without_waiting(self, tasks: Sequence[Task], before: Before | None) -> list[Task]:
        """Those that need not wait until others show."""
        waiting = before.waiting(task.id for task in tasks) if before else set()
        later = Later(UNSEEN_AGAIN_S, "Another operation, which only one may be at a time, does not show yet.")
        self.desk.put(self.work.moment().postponed(self.desk.operation(one), later) for one in waiting)
        return [task for task in tasks if task.id not in waiting]

    async def _write(
        self, tools: Tools, tasks: Sequence[Task], leases: Sequence[Lease], before: Before | None
    ) -> list[Task]:
        """Decide, write the intents, act; the tasks whose effect is to be looked for."""
        planned = await self._decide(tools, tasks)
        if not planned:
            return []
        if before is not None:
            await before.add([task.id for task, _ in planned])
        await self.desk.save()
        try:
            acted = await under(leases, self.work.kind.act(tools, self.work.entitlement, planned))
        except GraphError as error:
            self._put_off([task for task, _ in planned], error)
            return []
        sent = []
        for task, _ in planned:
            one, moment, outcome = self.desk.operation(task.id), self.work.moment(), acted[task.id]
            if isinstance(outcome, Sent):
                self.desk.put([moment.written(one, outcome)])
                sent.append(self._again(task))
            elif self._may_be_done(one, outcome):
                said = outcome.said if isinstance(outcome, Later) else outcome.problem.sentence
                self._not_seen(one, said, outcome.state if isinstance(outcome, Later) else _NOTHING)
            elif isinstance(outcome, Refused):
                self.desk.put([moment.failed(one, outcome.problem)])
            else:
                self.desk.put([moment.postponed(one, outcome)])
        return sent

    @staticmethod
    def _may_be_done(one: Operation, outcome: Refused | Later) -> bool:
        """Whether Graph has accepted it at an attempt before this, so that what it says now, for no other reason that is known, most
        likely means that it is done and does not show yet."""
        accepted = any(
            event.kind is EventKind.WRITTEN and 200 <= event.facts.get("status", 0) < 300
            for event in since_revival(one)
        )
        unexplained = outcome.counts if isinstance(outcome, Later) else outcome.problem.code == "refused_by_graph"
        return accepted and unexplained

    def _again(self, task: Task) -> Task:
        """The task after it has been written."""
        one = self.desk.operation(task.id)
        return Task(task.id, task.wanted, task.principal, True, one.state, task.first_at)

    async def _decide(self, tools: Tools, tasks: Sequence[Task]) -> list[tuple[Task, Planned]]:
        """What is to be written; everything else has its verdict in its record."""
        if not tasks:
            return []
        try:
            verdicts = await self.work.kind.examine(tools, self.work.entitlement, tasks)
        except GraphError as error:
            self._put_off(tasks, error)
            return []
        planned = []
        for task in tasks:
            one, moment, verdict = self.desk.operation(task.id), self.work.moment(), verdicts[task.id]
            objection = self._objection_to_writing(tools, task, verdict) if isinstance(verdict, Planned) else None
            if objection is not None and first(one, EventKind.WRITTEN):
                self._not_seen(one, objection.sentence)
            elif objection is not None:
                self.desk.put([moment.refused(one, objection)])
            elif isinstance(verdict, Planned) and not task.wanted.dry_run:
                self.desk.put([moment.intended(one, verdict.steps, verdict.result, verdict.state)])
                planned.append((self._again(task), verdict))
            elif isinstance(verdict, Planned):
                self.desk.put([moment.would(one, verdict.steps, verdict.result)])
            elif isinstance(verdict, Already):
                self._already(tools, task, verdict)
            elif isinstance(verdict, Refused):
                self.desk.put([moment.refused(one, verdict.problem)])
            else:
                self.desk.put([moment.postponed(one, verdict)])
        return planned

    def _already(self, tools: Tools, task: Task, verdict: Already) -> None:
        one, moment = self.desk.operation(task.id), self.work.moment()
        result = Result.ALREADY_GRANTED if task.wanted.action is Action.GRANT else Result.ALREADY_REVOKED
        if not self.work.kind.keeps_time and changes_end(self.desk.line, one):
            objection = self._objection_to_more(tools, task, verdict)
            if objection is not None:
                self.desk.put([moment.refused(one, objection)])
                return
            result = Result.WOULD_UPDATE if task.wanted.dry_run else Result.UPDATED
        self.readings[task.id] = verdict.reading
        self.desk.put([moment.verified(one, verdict.said, already=result)])

    async def _look(self, tools: Tools, sent: Sequence[Task]) -> None:
        """Look for what was written until it is seen, or patience ends."""
        left = list(sent)
        said: dict[str, str] = {}
        for wait in LOOKS_S:
            if not left:
                return
            await asyncio.sleep(wait)
            try:
                seen = await self.work.kind.look(tools, self.work.entitlement, left)
            except GraphError as error:
                self._put_off(left, error)
                return
            moment = self.work.moment()
            for task in list(left):
                one, found = self.desk.operation(task.id), seen[task.id]
                said[task.id] = found.said
                if found.as_wanted:
                    self.readings[task.id] = found.reading
                    self.desk.put([moment.verified(one, found.said, already=one.planned or Result.GRANTED)])
                elif found.problem:
                    self.desk.put([moment.failed(one, found.problem)])
                else:
                    continue
                left.remove(task)
        for task in left:
            self._not_seen(self.desk.operation(task.id), said[task.id])

    def _not_seen(self, one: Operation, said: str, state: Mapping[str, Any] = _NOTHING) -> None:
        moment = self.work.moment()
        since = first(one, EventKind.WRITTEN) or moment.at  # what was intended may have been throttled for long
        waited = (moment.at - since).total_seconds()
        if waited < NOT_SEEN_AFTER_S:
            later = Later(max(back_off(2), waited / 2), f"Not seen yet: {said}", state)
            self.desk.put([moment.postponed(one, later)])
            return
        why = problem(
            "not_seen",
            f"Graph has accepted it, and it was not seen within {waited / 60:.0f} minutes: {said}",
            "Look at it in the Entra admin center, and try it again with `operations retry` if it is not as it should be.",
        )
        self.desk.put([moment.failed(one, why)])

    def _put_off(self, tasks: Sequence[Task], error: GraphError) -> None:
        """Graph cannot be asked now."""
        for task in tasks:
            one = self.desk.operation(task.id)
            self.desk.put([self.work.moment().postponed(one, *later_after(error, one))])


def later_after(error: GraphError, one: Operation) -> tuple[Later, Problem | None]:
    """When an operation goes on after ``error``, and what was in the way: throttling is waited for as told and is nobody's fault."""
    if isinstance(error, Throttled):
        return Later(error.retry_after, "Graph asks to be asked again later."), None
    refused = error if isinstance(error, RequestRefused) else None
    why = problem(
        "refused_by_graph" if refused else "graph_unavailable",
        str(error),
        error.advice,
        graph_code=refused.code if refused else "",
        request_id=refused.request_id if refused else "",
    )
    return Later(back_off(one.attempts + 1), str(error), counts=True), why
