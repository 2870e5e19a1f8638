"""Members and owners of groups: how operations on them are decided, done and seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connector.graph import retry
from connector.graph.errors import RequestRefused
from connector.provisioning.contract import Acted, Later, Planned, Refused, Seen, Task, Tools, Verdict
from connector.provisioning.entitlements import Entitlement
from connector.provisioning.kinds.global_administrators import ALONE
from connector.provisioning.kinds.group_acting import Acting
from connector.provisioning.kinds.group_deciding import HOLDS_ROLES, Deciding
from connector.provisioning.kinds.group_reading import Related, read_group, related
from connector.provisioning.kinds.group_refusals import no_such_group
from connector.provisioning.kinds.group_saying import as_wanted, fact, otherwise
from connector.provisioning.kinds.role_refusals import unread
from connector.storage.records.operations import Action

_AGAIN_S = 5.0


class Groups:
    """``group:{id}:member`` and ``group:{id}:owner``."""

    @property
    def keeps_time(self) -> bool:
        """Graph knows no starts and ends of memberships."""
        return False

    async def examine(self, tools: Tools, entitlement: Entitlement, tasks: Sequence[Task]) -> Mapping[str, Verdict]:
        """What is to be done for each: every guard is asked, of Graph, now; nothing is changed.

        Raises:
            GraphError: Graph cannot be asked now.
        """
        try:
            group = await read_group(tools.session, entitlement.id)
        except RequestRefused as refused:
            return {task.id: _without_group(entitlement, task, refused) for task in tasks}
        return await Deciding(tools, entitlement, group).verdicts(tasks)

    async def act(
        self, tools: Tools, entitlement: Entitlement, planned: Sequence[tuple[Task, Planned]]
    ) -> Mapping[str, Acted]:
        """Do what was planned; each has an end of its own.

        Raises:
            SignInFailed: Microsoft Entra ID issues no token.
        """
        return await Acting(tools, entitlement).out([task for task, _ in planned])

    def exclusive(self, entitlement: Entitlement, tasks: Sequence[Task]) -> str | None:
        """Taking members out of groups that hold roles is done by one worker at a time; ``examine`` has found out which are such."""
        holds_roles = (
            task.wanted.action is Action.REVOKE and task.state.get(HOLDS_ROLES)
            for task in tasks
            if entitlement.slug == "member"
        )
        return ALONE if any(holds_roles) else None

    async def look(self, tools: Tools, entitlement: Entitlement, tasks: Sequence[Task]) -> Mapping[str, Seen]:
        """How it is now, by reading.

        Raises:
            GraphError: Graph cannot be asked now.
        """
        try:
            found = await related(tools.session, entitlement.id, entitlement.slug, [task.principal for task in tasks])
        except RequestRefused as refused:
            if refused.status == 401 or retry.is_transient(refused.status):
                raise
            return {task.id: Seen(False, str(refused)) for task in tasks}
        return {task.id: _seen(entitlement, task, found) for task in tasks}


def _seen(entitlement: Entitlement, task: Task, found: Related) -> Seen:
    if task.principal.id in found.unknown:
        return Seen(False, str(found.unknown[task.principal.id]))
    if (task.principal.id in found.there) is (task.wanted.action is Action.GRANT):
        return Seen(True, as_wanted(entitlement, task), fact(entitlement, task))
    return Seen(False, otherwise(entitlement, task))


def _without_group(entitlement: Entitlement, task: Task, refused: RequestRefused) -> Refused | Later:
    """What follows where the group cannot be read; of what may have been done already, not being found says nothing final."""
    if not refused.not_found:
        return unread(refused)
    if task.intended:
        return Later(_AGAIN_S, f"Graph does not know the group {entitlement.id} at the moment.", counts=True)
    return Refused(no_such_group(entitlement.id, refused))
