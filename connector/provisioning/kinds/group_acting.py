"""Members and owners of one group, added and removed: many at once, each with an end of its own.

Twenty are added with one request, which is all or nothing. Where Graph refuses that, because one of them is a member already, unknown or
not allowed, each is added by itself, so that one refusal is one end. What a refusal means is found out by looking: Graph's sentences
differ, and what is already so is no failure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connector.graph import retry
from connector.graph.batch import AT_ONCE, BATCH_SIZE
from connector.graph.errors import GraphError, RequestRefused
from connector.graph.write_batch import Change, write_many
from connector.graph.writing import Outcome, Written, write
from connector.provisioning.contract import Acted, Call, Later, Sent, Task, Tools
from connector.provisioning.entitlements import Entitlement
from connector.provisioning.kinds.group_reading import related
from connector.provisioning.kinds.group_references import MOST_AT_ONCE, adding, adding_all, removing
from connector.provisioning.kinds.group_refusals import Explaining
from connector.provisioning.kinds.role_refusals import unread
from connector.storage.records.operations import Action, Result

_ALREADY = {Action.GRANT: Result.ALREADY_GRANTED, Action.REVOKE: Result.ALREADY_REVOKED}


@dataclass(slots=True)
class Acting:
    """One :meth:`out`: calls that were made, ends, and refusals that are not understood yet, by the id of the task."""

    tools: Tools
    entitlement: Entitlement
    _calls: defaultdict[str, list[Call]] = field(default_factory=lambda: defaultdict(list))
    _ends: dict[str, Acted] = field(default_factory=dict)
    _refused: dict[str, tuple[Task, RequestRefused]] = field(default_factory=dict)

    async def out(self, tasks: Sequence[Task]) -> Mapping[str, Acted]:
        """Do all of ``tasks``: what is granted first, so that who owns a group can be replaced.

        Raises:
            SignInFailed: Microsoft Entra ID issues no token.
        """
        for action, send, most in (
            (Action.GRANT, self._grant, MOST_AT_ONCE),
            (Action.REVOKE, self._each, AT_ONCE * BATCH_SIZE),
        ):
            wanted = [task for task in tasks if task.wanted.action is action]
            for start in range(0, len(wanted), most):
                await self._in_time(wanted[start : start + most], send)
        if self._refused:
            await self._explain()
        return self._ends

    async def _in_time(self, tasks: Sequence[Task], send: Callable[[Sequence[Task]], Awaitable[None]]) -> None:
        """Begin nothing after the deadline: the line may be somebody else's by then."""
        if self.tools.session.may_wait(0):
            await send(tasks)
        else:
            self._ends |= {task.id: Later(0, "There was no time left to begin it.") for task in tasks}

    async def _grant(self, tasks: Sequence[Task]) -> None:
        if len(tasks) == 1:
            await self._each(tasks)
            return
        ids = [task.principal.id for task in tasks]
        change = adding_all(self.tools.session, self.entitlement.id, self.entitlement.slug, ids)
        written = await write(self.tools.session, change.method, change.path, change.body)
        if written.outcome is Outcome.REFUSED:
            self._note(tasks, change, written)
            await self._each(tasks)
            return
        for task in tasks:
            self._settle(task, change, written)

    async def _each(self, tasks: Sequence[Task]) -> None:
        changes = {task.id: self._change(task) for task in tasks}
        if len(tasks) == 1:
            ((id_, change),) = changes.items()
            written = {id_: await write(self.tools.session, change.method, change.path, change.body)}
        else:
            written = await write_many(self.tools.session, changes)
        for task in tasks:
            self._settle(task, changes[task.id], written[task.id])

    def _change(self, task: Task) -> Change:
        group_id, relation = self.entitlement.id, self.entitlement.slug
        if task.wanted.action is Action.REVOKE:
            return removing(group_id, relation, task.principal.id)
        return adding(self.tools.session, group_id, relation, task.principal.id)

    def _note(self, tasks: Iterable[Task], change: Change, written: Written) -> None:
        code = written.refusal.code if written.refusal else ""
        for task in tasks:
            self._calls[task.id].append(Call(change.method, change.path, written.status, written.request_id, code))

    def _settle(self, task: Task, change: Change, written: Written) -> None:
        self._note([task], change, written)
        if written.refusal is not None and written.outcome is Outcome.REFUSED:
            self._refused[task.id] = task, written.refusal
        elif written.outcome is Outcome.NOT_DONE and written.error is not None:
            self._ends[task.id] = unread(written.error)
        else:  # done, or nobody knows
            self._ends[task.id] = Sent(tuple(self._calls[task.id]))

    async def _explain(self) -> None:
        """Look for what was refused: it may be as wanted already."""
        principals = [task.principal for task, _ in self._refused.values()]
        try:
            found = await related(self.tools.session, self.entitlement.id, self.entitlement.slug, principals)
        except GraphError as error:
            self._ends |= {id_: _again(error) for id_ in self._refused}
            return
        left: list[tuple[Task, RequestRefused]] = []
        for id_, (task, refused) in self._refused.items():
            granting = task.wanted.action is Action.GRANT
            if task.principal.id in found.unknown:
                self._ends[id_] = _again(found.unknown[task.principal.id])
            elif (task.principal.id in found.there) is granting:
                result = None if task.intended else _ALREADY[task.wanted.action]
                self._ends[id_] = Sent(tuple(self._calls[id_]), result)
            else:
                left.append((task, refused))
        if left:
            self._ends |= await Explaining(self.tools, self.entitlement).why(left)


def _again(error: GraphError) -> Acted:
    """It was refused, and cannot be looked for now: that says nothing final."""
    if isinstance(error, RequestRefused) and not retry.is_transient(error.status):
        return Later(5, str(error), counts=True)
    return unread(error)
