"""Guards against taking away what nobody could give back: the connector's own access, that of emergency accounts, and the last Global
Administrator's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connector.graph.errors import GraphError
from connector.provisioning.contract import Principal, Tools
from connector.provisioning.kinds.emergency_accounts import kept_through
from connector.provisioning.kinds.global_administrators import GLOBAL_ADMINISTRATOR, GlobalAdministrators
from connector.provisioning.kinds.role_inheriting import groups_of
from connector.provisioning.kinds.role_planning import Draft, Situation
from connector.provisioning.kinds.role_scopes import TENANT
from connector.provisioning.refusals import problem
from connector.storage.records.operations import Problem


async def without_lockout(
    tools: Tools, role_id: str, drafts: Sequence[tuple[Situation, Draft]]
) -> Mapping[str, Problem | GraphError]:
    """Those of ``drafts`` that must not be done, by the id of the task. Decided together: of the last two administrators one may go.

    Raises:
        GraphError: Graph cannot be asked now.
    """
    taking = [it for it, made in drafts if made.takes_away]
    refused: dict[str, Problem | GraphError] = dict(await _own(tools, taking))
    kept = await kept_through(tools, [it.task.principal for it in taking])
    refused |= {it.task.id: kept[it.task.principal.id] for it in taking if it.task.principal.id in kept}
    last = [it for it in taking if it.task.id not in refused and it.task.wanted.scope == TENANT]
    if role_id.lower() == GLOBAL_ADMINISTRATOR and last:
        refused |= await _last(tools, last)
    return refused


async def _own(tools: Tools, taking: Sequence[Situation]) -> Mapping[str, Problem | GraphError]:
    if not tools.own_id:
        return {}
    own, groups = tools.own_id.lower(), [it for it in taking if it.task.principal.kind == "group"]
    refused: dict[str, Problem | GraphError] = {
        it.task.id: _self_lockout("the connector's own service principal")
        for it in taking
        if it.task.principal.id.lower() == own
    }
    if groups:
        found = (await groups_of(tools.session, [Principal(own, "service_principal", "")]))[own]
        for it in groups:
            if isinstance(found, GraphError):
                refused[it.task.id] = found
            elif any(group.id.lower() == it.task.principal.id.lower() for group in found):
                who = f"the group {it.task.principal.name}, of which the connector's own service principal is a member"
                refused[it.task.id] = _self_lockout(who)
    return refused


def _self_lockout(who: str) -> Problem:
    return problem(
        "self_lockout",
        f"It would take access from {who}.",
        "Have an administrator do it in the Microsoft Entra admin center, if it is meant.",
    )


async def _last(tools: Tools, taking: Sequence[Situation]) -> Mapping[str, Problem | GraphError]:
    try:
        administrators = await GlobalAdministrators.read(tools.session)
    except GraphError as error:
        return {it.task.id: error for it in taking}
    return {it.task.id: last_global_administrator() for it in taking if not administrators.take(it.task.principal.id)}


def last_global_administrator() -> Problem:
    """Nobody would be left."""
    return problem(
        "last_global_administrator",
        "Nobody would be left who is enabled and an active Global Administrator of the tenant.",
        "Make somebody else a Global Administrator first.",
    )
