"""Guards against taking away what nobody could give back: the connector's own access, the last owner, the last Global Administrator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from connector.access.groups import Group
from connector.graph.errors import GraphError
from connector.provisioning.contract import Task, Tools
from connector.provisioning.kinds.global_administrators import GlobalAdministrators
from connector.provisioning.kinds.group_inheriting import memberships
from connector.provisioning.kinds.principals import is_own
from connector.provisioning.kinds.role_lockout import last_global_administrator
from connector.provisioning.refusals import problem
from connector.storage.records.operations import Problem

Answers = Mapping[str, Problem | GraphError]


async def own_access(tools: Tools, group: Group, revokes: Sequence[Task]) -> Answers:
    """Those of ``revokes``, by id, that would take something from the connector's own service principal.

    Raises:
        GraphError: Graph cannot be asked now.
    """
    name = group.display_name or group.id
    refused: dict[str, Problem | GraphError] = {
        one.id: _self_lockout(f"the connector's own service principal access to {name}")
        for one in revokes
        if is_own(tools, one.principal)
    }
    nested = [one for one in revokes if one.principal.kind == "group"]
    if not nested or not tools.own_id:
        return refused
    own = tools.own_id.lower()
    groups = (await memberships(tools.session, "transitiveMemberOf", [("service_principal", own)]))[own]
    for one in nested:
        if isinstance(groups, GraphError):
            refused[one.id] = groups
        elif one.principal.id in groups:
            who = f"the group {one.principal.name}, of which the connector's own service principal is a member, access to {name}"
            refused[one.id] = _self_lockout(who)
    return refused


def last_owners(
    group: Group, owners: Iterable[str], joining: Iterable[str], revokes: Sequence[Task]
) -> Mapping[str, Problem]:
    """Those of ``revokes``, by id, after which nobody would own the group. Decided together: of the last two owners one may go.

    Args:
        owners: ids of those who own it now.
        joining: ids of those who will own it before anything is revoked.
    """
    left = {*owners, *joining}
    refused: dict[str, Problem] = {}
    for one in revokes:
        if left <= {one.principal.id}:
            refused[one.id] = last_owner(group)
        else:
            left.discard(one.principal.id)
    return refused


def last_owner(group: Group, *, graph_code: str = "", request_id: str = "") -> Problem:
    """Nobody would own it. https://learn.microsoft.com/graph/api/group-delete-owners"""
    return problem(
        "last_owner",
        f"The last account that owns {group.display_name or group.id} cannot be removed.",
        "Make another account an owner first.",
        graph_code=graph_code,
        request_id=request_id,
    )


async def last_administrators(tools: Tools, group: Group, revokes: Sequence[Task]) -> Answers:
    """Those of ``revokes`` from a group that roles can be assigned to, by id, after which nobody would be a Global Administrator.

    Raises:
        SignInFailed: Microsoft Entra ID issues no token.
    """
    try:
        administrators = await GlobalAdministrators.read(tools.session)
    except GraphError as error:
        return {one.id: error for one in revokes}
    return {
        one.id: last_global_administrator()
        for one in revokes
        if not administrators.take_membership(group.id, one.principal.id)
    }


def _self_lockout(what: str) -> Problem:
    return problem(
        "self_lockout",
        f"It would take from {what}.",
        "Have an administrator do it in the Microsoft Entra admin center, if it is meant.",
    )
