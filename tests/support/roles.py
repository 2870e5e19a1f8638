"""Directory roles at work on an emulated tenant: a worker in miniature, which can be stopped between any two calls."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar

from connector.graph.session import GraphSession
from connector.incremental.facts import Reading
from connector.provisioning.contract import (
    Already,
    Later,
    Planned,
    Principal,
    Refused,
    Seen,
    Sent,
    Task,
    Tools,
    Verdict,
)
from connector.provisioning.entitlements import Entitlement
from connector.provisioning.kinds.roles import DirectoryRoles
from connector.settings import Settings
from connector.storage.records.operations import Action, Problem, Result, Wanted
from emulators.graph import GraphEmulator

T = TypeVar("T")
READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
"""Global Reader: a built-in role that can only be held over the whole tenant."""
HELPDESK = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
"""Helpdesk Administrator: it can be limited to administrative units."""
APPLICATIONS = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
"""Application Administrator: it can be limited to an application."""
ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
"""Global Administrator."""
WRITES = (
    "RoleManagement.ReadWrite.Directory",
    "RoleAssignmentSchedule.ReadWrite.Directory",
    "RoleEligibilitySchedule.ReadWrite.Directory",
)
_numbers = itertools.count(1)


@dataclass(frozen=True)
class End:
    """How an operation ended: with a result, or a problem. ``went``: every verdict and what was seen, in order."""

    result: Result | None = None
    problem: Problem | None = None
    reading: Reading | None = None
    went: tuple[Any, ...] = ()

    @property
    def code(self) -> str | None:
        """Of the problem."""
        return self.problem.code if self.problem else None


class RolesAtWork:
    """What a worker does with tasks, without records: ``own_id`` is who the connector is, unless the token is to say."""

    def __init__(self, emulator: GraphEmulator, own_id: str = "", *, patience: float | None = None) -> None:
        """``patience``: seconds until nothing more is waited for; None: for ever."""
        self.emulator, self.own_id = emulator, own_id
        self._deadline = None if patience is None else time.monotonic() + patience
        self.kind = DirectoryRoles()
        self._runner = asyncio.Runner()
        self._session: GraphSession | None = None

    def close(self) -> None:
        """Close the connection, so that the next question signs in anew, with what is granted then."""
        if self._session is not None:
            self._runner.run(self._session.__aexit__(None, None, None))
            self._session = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._runner.close()

    @property
    def now(self) -> datetime:
        return self.emulator.clock.utc()

    @property
    def tenant(self) -> Any:
        return self.emulator.tenant

    def user(self, name: str = "Ada", **properties: Any) -> Principal:
        made = self.tenant.create_user(
            name, user_principal_name=f"u{next(_numbers)}@contoso.onmicrosoft.com", properties=properties
        )
        return Principal(made, "account", name, {"accountEnabled": True})

    def group(self, *members: Principal, role_assignable: bool = True) -> Principal:
        name = f"Team {next(_numbers)}"
        made = self.tenant.create_group(
            name, properties={"isAssignableToRole": role_assignable, "securityEnabled": True}
        )
        for one in members:
            self.tenant.add_member(made, one.id)
        return Principal(made, "group", name, {"isAssignableToRole": role_assignable})

    def service_principal(self) -> Principal:
        made = self.tenant.create_service_principal(f"App {next(_numbers)}")
        return Principal(made, "service_principal", "App")

    def task(self, action: str, principal: Principal, role: str = READER, slug: str = "assigned", **more: Any) -> Task:
        wanted = Wanted(
            action=Action(action),
            entitlement=f"directory_role:{role}:{slug}",
            principal=principal.id,
            **({"justification": "Asked for by its owner."} | more),
        )
        return Task(f"op-{next(_numbers)}", wanted, principal, intended=False, state={}, first_at=self.now)

    def grant(self, principal: Principal, role: str = READER, slug: str = "assigned", **more: Any) -> Task:
        return self.task("grant", principal, role, slug, **more)

    def revoke(self, principal: Principal, role: str = READER, slug: str = "assigned", **more: Any) -> Task:
        return self.task("revoke", principal, role, slug, **more)

    def within(self, **length: float) -> datetime:
        """A time to come."""
        return self.now + timedelta(**length)

    def ask(self, question: Callable[[Tools], Awaitable[T]]) -> T:
        """Whatever ``question`` asks of Graph now."""
        settings = Settings.load({**self.emulator.environment(), "AzureWebJobsStorage": "unused"})

        async def run() -> T:
            if self._session is None:
                self._session = await GraphSession(settings, deadline=self._deadline).__aenter__()
            return await question(Tools(self._session, settings, self.own_id, self.now))

        return self._runner.run(run())

    def examine(self, *tasks: Task) -> list[Verdict]:
        """A verdict for each; all of one entitlement."""
        entitlement = Entitlement.parse(tasks[0].wanted.entitlement)
        found: Mapping[str, Verdict] = self.ask(lambda tools: self.kind.examine(tools, entitlement, tasks))
        assert found.keys() == {task.id for task in tasks}
        return [found[task.id] for task in tasks]

    def act(self, task: Task, planned: Planned) -> Any:
        entitlement = Entitlement.parse(task.wanted.entitlement)
        return self.ask(lambda tools: self.kind.act(tools, entitlement, [(task, planned)]))[task.id]

    def look(self, task: Task) -> Seen:
        entitlement = Entitlement.parse(task.wanted.entitlement)
        return self.ask(lambda tools: self.kind.look(tools, entitlement, [task]))[task.id]

    def refusal(self, task: Task) -> Problem | None:
        """Why it is refused before anything is written; None: it would be done, or is so already."""
        [verdict] = self.examine(task)
        assert not isinstance(verdict, Later), verdict
        return verdict.problem if isinstance(verdict, Refused) else None

    def do(self, task: Task, *, rounds: int = 12) -> End:
        """Work on it to its end; what is to go on later lets the emulator's clock go on."""
        went: list[Any] = []
        for _ in range(rounds):
            [verdict] = self.examine(task)
            went.append(verdict)
            if isinstance(verdict, Refused):
                return End(problem=verdict.problem, went=tuple(went))
            if isinstance(verdict, Already):
                granting = task.wanted.action is Action.GRANT
                already = Result.ALREADY_GRANTED if granting else Result.ALREADY_REVOKED
                if task.intended:  # by whom is not known, and most likely by this
                    already = Result.GRANTED if granting else Result.REVOKED
                return End(already, reading=verdict.reading, went=tuple(went))
            if isinstance(verdict, Later):
                task = self._later(task, verdict)
                continue
            task = replace(task, intended=True, state={**task.state, **verdict.state})
            acted = self.act(task, verdict)
            went.append(acted)
            if isinstance(acted, Refused):
                return End(problem=acted.problem, went=tuple(went))
            if isinstance(acted, Later):
                task = self._later(task, acted)
                continue
            assert isinstance(acted, Sent)
            task = replace(task, state=acted.state)
            seen = self.look(task)
            went.append(seen)
            if seen.as_wanted or seen.problem:
                result = acted.result or verdict.result
                return End(result if seen.as_wanted else None, seen.problem, seen.reading, tuple(went))
            self.emulator.clock.advance(1)
        raise AssertionError(f"no end in sight: {went}")

    def _later(self, task: Task, later: Later) -> Task:
        self.emulator.clock.advance(later.seconds)
        return replace(task, state=later.state)

    def held(self, principal: Principal, role: str = READER) -> set[tuple[str, str, str | None]]:
        """What the tenant has of the pair: (slug, scope, end)."""
        rows = self.tenant.db.execute(
            "SELECT 'assigned', a.scope, s.ends_at FROM role_assignments a LEFT JOIN role_schedules s ON s.role_assignment_id = a.id"
            " WHERE a.principal_id = ?1 AND a.role_id = ?2 UNION ALL"
            " SELECT 'eligible', scope, ends_at FROM role_schedules WHERE kind = 'eligibility' AND principal_id = ?1 AND role_id = ?2",
            (principal.id, role),
        )
        return {tuple(row) for row in rows}
