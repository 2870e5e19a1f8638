"""What is to be done about memberships and ownerships of one group, decided together: every guard, asked of Graph, now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connector.access.groups import Group
from connector.graph.errors import GraphError, RequestRefused
from connector.provisioning.contract import Already, Later, Planned, Refused, Step, Task, Tools, Verdict
from connector.provisioning.entitlements import Entitlement
from connector.provisioning.kinds.emergency_accounts import kept_through
from connector.provisioning.kinds.group_fitness import group_problem, task_problem
from connector.provisioning.kinds.group_inheriting import inherited
from connector.provisioning.kinds.group_lockout import last_administrators, last_owners, own_access
from connector.provisioning.kinds.group_reading import Related, read_owners, related
from connector.provisioning.kinds.group_references import adding, adding_all, removing
from connector.provisioning.kinds.group_roles import roles_of_group
from connector.provisioning.kinds.group_saying import as_wanted, fact
from connector.provisioning.kinds.role_refusals import unread
from connector.storage.records.operations import Action, Problem, Result

HOLDS_ROLES = "holds_roles"
"""In a task's state: the group may hold roles, so that whoever revokes a membership of it does so alone."""

_RESULTS = {
    (Action.GRANT, False): Result.GRANTED,
    (Action.GRANT, True): Result.WOULD_GRANT,
    (Action.REVOKE, False): Result.REVOKED,
    (Action.REVOKE, True): Result.WOULD_REVOKE,
}


@dataclass(slots=True)
class Deciding:
    """One :meth:`verdicts`. What is decided goes into ``_verdicts``, by the id of the task."""

    tools: Tools
    entitlement: Entitlement
    group: Group
    _verdicts: dict[str, Verdict] = field(default_factory=dict)
    _brings: tuple[Entitlement, ...] = ()

    async def verdicts(self, tasks: Sequence[Task]) -> Mapping[str, Verdict]:
        """What is to be done for each. What may have been done already is looked for before anything speaks against it.

        Raises:
            GraphError: Graph cannot be asked now.
        """
        self._refuse((task.id, self._unfit(task)) for task in tasks if not task.intended)
        try:
            if self.group.is_assignable_to_role and self._open(tasks):  # who owns it can make anybody a member, too
                self._brings = await roles_of_group(self.tools.session, self.entitlement.id)
            todo = await self._not_as_wanted(self._open(tasks))
            self._refuse((task.id, self._unfit(task)) for task in todo if task.intended)
            await self._protect(self._open(todo))
        except RequestRefused as refused:  # what a decision needs may not be read
            self._refuse((task.id, refused) for task in self._open(tasks))
        self._plan(self._open(tasks))
        return self._verdicts

    def _open(self, tasks: Iterable[Task]) -> list[Task]:
        return [task for task in tasks if task.id not in self._verdicts]

    def _refuse(self, problems: Iterable[tuple[str, Problem | GraphError | None]]) -> None:
        for id_, found in problems:
            if isinstance(found, GraphError):
                self._verdicts[id_] = unread(found)
            elif found is not None:
                self._verdicts[id_] = Refused(found)

    def _unfit(self, task: Task) -> Problem | None:
        relation, now = self.entitlement.slug, self.tools.now
        return task_problem(self.group, relation, task, now) or group_problem(self.tools.session, self.group, relation)

    async def _not_as_wanted(self, tasks: Sequence[Task]) -> list[Task]:
        """The tasks of which something is to be done; the others are decided."""
        principals = [task.principal for task in tasks]
        found = await related(self.tools.session, self.entitlement.id, self.entitlement.slug, principals)
        todo, gone = _told_apart(tasks, found)
        self._refuse((task.id, found.unknown.get(task.principal.id)) for task in tasks)
        asked = [task for task in gone if not task.intended] if self.entitlement.slug == "member" else []
        through = await inherited(self.tools.session, self.group, [task.principal for task in asked]) if asked else {}
        self._refuse((task.id, through.get(task.principal.id)) for task in asked)
        left = {task.id for task in todo}
        for task in self._open(tasks):
            if task.id not in left:
                said = as_wanted(self.entitlement, task, self.group)
                self._verdicts[task.id] = Already(said, fact(self.entitlement, task), self._brings)
        return self._open(todo)

    async def _protect(self, todo: Sequence[Task]) -> None:
        """Guards against locking somebody out, of what would be revoked."""
        revokes = [task for task in todo if task.wanted.action is Action.REVOKE]
        if not revokes:
            return
        self._refuse((await own_access(self.tools, self.group, revokes)).items())
        kept = await kept_through(self.tools, [task.principal for task in self._open(revokes)])
        self._refuse((task.id, kept.get(task.principal.id)) for task in self._open(revokes))
        revokes = self._open(revokes)
        if self.entitlement.slug == "owner":
            owners = await read_owners(self.tools.session, self.entitlement.id)
            joining = [task.principal.id for task in todo if task.wanted.action is Action.GRANT]
            self._refuse(last_owners(self.group, owners, joining, revokes).items())
        elif self.group.is_assignable_to_role:
            await self._protect_administrators([task for task in revokes if task.principal.kind == "account"])

    async def _protect_administrators(self, revokes: Sequence[Task]) -> None:
        alone = [task for task in revokes if task.state.get(HOLDS_ROLES)]
        for task in revokes:
            if task not in alone:
                said = "Directory roles can be assigned to the group, so memberships of it are revoked one after the other."
                self._verdicts[task.id] = Later(0, said, {HOLDS_ROLES: True})
        if alone:
            self._refuse((await last_administrators(self.tools, self.group, alone)).items())

    def _plan(self, todo: Sequence[Task]) -> None:
        together = sum(task.wanted.action is Action.GRANT for task in todo) > 1
        for task in todo:
            result = _RESULTS[task.wanted.action, task.wanted.dry_run]
            self._verdicts[task.id] = Planned((self._step(task, together=together),), result, brings=self._brings)

    def _step(self, task: Task, *, together: bool) -> Step:
        group_id, relation, name = self.entitlement.id, self.entitlement.slug, self.group.display_name
        who, what = task.principal.name, f"{'a member' if relation == 'member' else 'an owner'} of {name or group_id}"
        if task.wanted.action is Action.REVOKE:
            change, said = removing(group_id, relation, task.principal.id), f"{who} will no longer be {what}."
        elif together:
            change = adding_all(self.tools.session, group_id, relation, [task.principal.id])
            said = f"{who} will be {what}, together with others."
        else:
            change, said = adding(self.tools.session, group_id, relation, task.principal.id), f"{who} will be {what}."
        return Step(change.method, change.path, said)


def _told_apart(tasks: Sequence[Task], found: Related) -> tuple[list[Task], list[Task]]:
    """Tasks of which something is to be done, and revokes of what is not there."""
    known = [task for task in tasks if task.principal.id not in found.unknown]
    todo = [task for task in known if (task.principal.id in found.there) is not (task.wanted.action is Action.GRANT)]
    gone = [task for task in known if task not in todo and task.wanted.action is Action.REVOKE]
    return todo, gone
