"""A kind of entitlement that lives in memory: what working on lines is tested with, at the contract's seam."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from msgspec.structs import replace

from connector.graph.errors import GraphError
from connector.incremental.facts import Reading
from connector.provisioning.contract import (
    Acted,
    Already,
    Call,
    Planned,
    Principal,
    Refused,
    Seen,
    Sent,
    Step,
    Task,
    Tools,
    Verdict,
)
from connector.provisioning.entitlements import Entitlement
from connector.provisioning.provisioner import Provisioner
from connector.provisioning.refusals import problem
from connector.provisioning.working.context import Collaborators
from connector.provisioning.working.effects import Effects
from connector.settings import Settings
from connector.storage import Store
from connector.storage.records import Action, Operation, Problem, Result, SegmentRef


@dataclass(frozen=True)
class Done:
    """How journalling ended."""

    settled: bool = True
    segment: SegmentRef | None = None
    why: str = ""


@dataclass
class Tenant:
    """Who holds what, and everything that was done.

    Attributes:
        held: pairs of entitlement and principal.
        written: what was written, in order: action, entitlement, principal.
        before: is called with the name of a step and its tasks before it is done, and may raise.
        after: the same, when ``act`` has had its effect.
        answers: what ``examine`` or ``act`` answers for a principal instead of doing anything, given once each.
        unseen: how many looks at a principal do not show it yet.
        effects: what was put into the journal.
        later: by how much its clock is ahead: tests do not wait.
    """

    held: set[tuple[str, str]] = field(default_factory=set)
    written: list[tuple[str, str, str]] = field(default_factory=list)
    before: Callable[[str, Sequence[Task]], Any] = lambda _step, _tasks: None
    after: Callable[[str, Sequence[Task]], Any] = lambda _step, _tasks: None
    answers: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    unseen: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    nobody: set[str] = field(default_factory=set)
    effects: list[tuple[str, ...]] = field(default_factory=list)
    journalling: list[Any] = field(default_factory=list)
    audited: list[str] = field(default_factory=list)
    keeps_time: bool = False
    only_one: str | None = None
    refuses: set[str] = field(default_factory=set)
    later: timedelta = timedelta()

    # --- the kind

    async def examine(self, _tools: Tools, entitlement: Entitlement, tasks: Sequence[Task]) -> Mapping[str, Verdict]:
        await self._await(self.before("examine", tasks))
        return {task.id: self._verdict(entitlement, task) for task in tasks}

    async def act(
        self, _tools: Tools, entitlement: Entitlement, planned: Sequence[tuple[Task, Planned]]
    ) -> Mapping[str, Acted]:
        tasks = [task for task, _ in planned]
        await self._await(self.before("act", tasks))
        done = {task.id: self._done(entitlement, task) for task in tasks}
        await self._await(self.after("act", tasks))
        return done

    async def look(self, _tools: Tools, entitlement: Entitlement, tasks: Sequence[Task]) -> Mapping[str, Seen]:
        await self._await(self.before("look", tasks))
        return {task.id: self._seen(entitlement, task) for task in tasks}

    def exclusive(self, _entitlement: Entitlement, _tasks: Sequence[Task]) -> str | None:
        return self.only_one

    def _verdict(self, entitlement: Entitlement, task: Task) -> Verdict:
        answer = self._answer("examine", task)
        if answer is not None:
            return answer  # type: ignore[no-any-return]
        if task.principal.id in self.refuses:
            return Refused(problem("nesting_not_allowed", "It may not.", "Ask for something else."))
        if self._is_as_wanted(entitlement, task):
            return Already("It is as wanted.", self._reading(entitlement, task))
        granting = task.wanted.action is Action.GRANT
        step = Step("POST" if granting else "DELETE", f"/{task.principal.id}", "It is written.")
        return Planned((step,), Result.GRANTED if granting else Result.REVOKED)

    def _done(self, entitlement: Entitlement, task: Task) -> Acted:
        answer = self._answer("act", task)
        if answer is not None:
            return answer  # type: ignore[no-any-return]
        pair = (entitlement.text, task.principal.id)
        self.written.append((task.wanted.action.value, *pair))
        (self.held.add if task.wanted.action is Action.GRANT else self.held.discard)(pair)
        return Sent((Call("POST", f"/{task.principal.id}", 204, request_id="r-1"),))

    def _seen(self, entitlement: Entitlement, task: Task) -> Seen:
        if self.unseen.get(task.principal.id, 0) > 0:
            self.unseen[task.principal.id] -= 1
            return Seen(False, "It is not there.")
        as_wanted = self._is_as_wanted(entitlement, task)
        return Seen(as_wanted, "It was looked at.", self._reading(entitlement, task) if as_wanted else Reading())

    def _answer(self, step: str, task: Task) -> Any:
        given = self.answers.get((step, task.principal.id))
        return given.pop(0) if given else None

    def _is_as_wanted(self, entitlement: Entitlement, task: Task) -> bool:
        there = (entitlement.text, task.principal.id) in self.held
        return there is (task.wanted.action is Action.GRANT)

    def _reading(self, entitlement: Entitlement, task: Task) -> Reading:
        if task.wanted.action is Action.GRANT:
            return Reading(rows={"memberships": [{"group_id": entitlement.id, "principal_id": task.principal.id}]})
        return Reading(gone={"memberships": [(entitlement.id, task.principal.id)]})

    def now(self) -> datetime:
        """The time there."""
        return datetime.now(UTC) + self.later

    def wait_until(self, moment: datetime) -> None:
        """Let its clock show ``moment``, unless it is later already."""
        self.later = max(self.later, moment - datetime.now(UTC) + timedelta(milliseconds=1))

    # --- what else working on lines works with

    def provisioner(self) -> Provisioner:
        """A process that works on this tenant."""
        return Provisioner(
            collaborators=Collaborators(
                kind_of=lambda _: self,
                resolve=self._resolve,
                journal=self._journal,
                audit=self._audit,
                open_graph=_open_graph,
                now=self.now,
            )
        )

    async def _resolve(self, _tools: Tools, names: Sequence[str]) -> Mapping[str, Principal | Problem | GraphError]:
        await self._await(self.before("resolve", ()))
        found: dict[str, Principal | Problem | GraphError] = {}
        for name in names:
            id_ = self.names.get(name, name)
            if id_ in self.nobody:
                found[name] = problem("principal_not_found", "There is nobody.", "Ask for somebody else.")
            else:
                found[name] = Principal(str(uuid.UUID(id_)), "account", name)
        return found

    async def _journal(self, effects: Sequence[Effects]) -> Done:
        given = self.journalling.pop(0) if self.journalling else Done()
        if isinstance(given, BaseException):
            raise given
        self.effects += [tuple(one.operations) for one in effects] if given.settled else []
        return given

    async def _audit(self, _store: Store, operations: Sequence[Operation]) -> Sequence[Operation]:
        for one in operations:
            self.audited += [f"{one.id} {event.kind.value}" for event in one.events[one.audited :]]
        return [replace(one, audited=len(one.events)) for one in operations]

    @staticmethod
    async def _await(given: Any) -> None:
        if given is not None:
            await given


@asynccontextmanager
async def _open_graph(_settings: Settings, _deadline: float) -> AsyncIterator[Any]:
    yield SimpleNamespace(own_id="")
