"""What Graph refuses about members and owners, where it is not as wanted already: told with our codes, or worth another try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from connector.access.groups import Group
from connector.graph import retry
from connector.graph.errors import GraphError, RequestRefused
from connector.permissions import Feature, sufficient
from connector.provisioning.contract import Later, Refused, Task, Tools
from connector.provisioning.entitlements import Entitlement
from connector.provisioning.kinds.group_fitness import ROLE_ASSIGNABLE, WRITES, group_problem, task_problem
from connector.provisioning.kinds.group_lockout import last_owner
from connector.provisioning.kinds.group_reading import read_group, read_owners
from connector.provisioning.kinds.role_refusals import lacks_all, permission_missing, refused_by_graph, unread
from connector.provisioning.refusals import problem
from connector.storage.records.operations import Action, Problem

REFUSALS = "refusals"
"""In a task's state: how often Graph has refused it for a reason that nothing explains."""

_ADDS_SERVICE_PRINCIPALS = sufficient(Feature.PROVISIONING_GROUPS, "service_principals")
_MOST_REFUSALS = 3
_AGAIN_S = 2.0
_CONFLICTS = frozenset({409, 412, 423})
"""Somebody else changes the same at this moment. https://learn.microsoft.com/graph/errors"""


@dataclass(slots=True)
class Explaining:
    """Explains refusals by what the group is now."""

    tools: Tools
    entitlement: Entitlement

    async def why(self, refusals: Sequence[tuple[Task, RequestRefused]]) -> Mapping[str, Refused | Later]:
        """What follows for each task, by its id. What only a replica that lags behind explains is tried again, a few times.

        Raises:
            SignInFailed: Microsoft Entra ID issues no token.
        """
        try:
            group = await read_group(self.tools.session, self.entitlement.id)
            owners = await self._owners()
        except GraphError as error:
            return {task.id: self._unread(error, refused) for task, refused in refusals}
        return {task.id: self._why(task, refused, group, owners) for task, refused in refusals}

    async def _owners(self) -> Mapping[str, str]:
        return await read_owners(self.tools.session, self.entitlement.id) if self.entitlement.slug == "owner" else {}

    def _unread(self, error: GraphError, refused: RequestRefused) -> Refused | Later:
        if isinstance(error, RequestRefused) and error.not_found:
            return Refused(no_such_group(self.entitlement.id, refused))
        return unread(error)

    def _why(self, task: Task, refused: RequestRefused, group: Group, owners: Mapping[str, str]) -> Refused | Later:
        if refused.status == 401 or retry.is_transient(refused.status):
            return unread(refused)
        relation = self.entitlement.slug
        unfit = task_problem(group, relation, task, self.tools.now) or group_problem(
            self.tools.session, group, relation
        )
        if unfit is not None:
            return Refused(replace(unfit, graph_code=refused.code, request_id=refused.request_id))
        if refused.forbidden:
            return Refused(permission_missing(self._permission(task, group), refused))
        if refused.status in _CONFLICTS:
            return Later(_AGAIN_S, f"Graph is busy with the same group: {refused.message}", counts=True)
        revoking = task.wanted.action is Action.REVOKE
        others = [kind for id_, kind in owners.items() if id_ != task.principal.id]
        if relation == "owner" and revoking and "account" not in others:
            return Refused(last_owner(group, graph_code=refused.code, request_id=refused.request_id))
        return self._again(task, refused)

    def _permission(self, task: Task, group: Group) -> Sequence[str]:
        """What the write needs and the token does not tell; where it tells all that, it is old, or the tenant restricts the group."""
        needed = [WRITES[self.entitlement.slug]]
        needed += [ROLE_ASSIGNABLE] if group.is_assignable_to_role else []
        if task.principal.kind == "service_principal" and task.wanted.action is Action.GRANT:
            needed.append(_ADDS_SERVICE_PRINCIPALS)
        return next((one for one in needed if lacks_all(self.tools.session, one)), needed[-1])

    def _again(self, task: Task, refused: RequestRefused) -> Refused | Later:
        so_far = task.state.get(REFUSALS)
        times = (so_far if isinstance(so_far, int) else 0) + 1
        if times < _MOST_REFUSALS:
            said = f"Graph refused it and does not show why: {refused.message}"
            return Later(_AGAIN_S * times, said, {REFUSALS: times}, counts=True)
        if refused.not_found and task.wanted.action is Action.GRANT:
            return Refused(_no_such_principal(task, refused))
        return Refused(refused_by_graph(refused))


def no_such_group(group_id: str, refused: RequestRefused) -> Problem:
    """There is none, or it is deleted."""
    return problem(
        "resource_not_found",
        f"There is no group {group_id}, or it is deleted.",
        "Check the id, or restore the group. A group that was created a moment ago can be unknown for a minute: ask again then.",
        graph_code=refused.code,
        request_id=refused.request_id,
    )


def _no_such_principal(task: Task, refused: RequestRefused) -> Problem:
    return problem(
        "principal_not_found",
        f"Graph does not know {task.principal.name} ({task.principal.id}) where memberships are written.",
        "Ask again in some minutes, if it was created a moment ago; it may have been deleted.",
        graph_code=refused.code,
        request_id=refused.request_id,
    )
