"""Directory roles, assigned and eligible: how operations on them are decided, done and seen.

Permanent active assignments go through ``roleAssignments``, which every tenant has; everything with a start, an end or an eligibility
through the schedule requests of Privileged Identity Management. What is there is always read by principal, role and scope together, so
no other assignment is ever touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from connector.access.decoding import NotJson, decode
from connector.access.roles import RoleDefinition
from connector.graph.errors import GraphError, RequestRefused, UnexpectedAnswer
from connector.graph.session import GraphSession
from connector.provisioning.contract import Acted, Later, Planned, Refused, Seen, Task, Tools, Verdict
from connector.provisioning.entitlements import Entitlement
from connector.provisioning.kinds.global_administrators import ALONE, GLOBAL_ADMINISTRATOR
from connector.provisioning.kinds.role_acting import Carrying
from connector.provisioning.kinds.role_deciding import Deciding
from connector.provisioning.kinds.role_holdings import DIRECTORY, read_held
from connector.provisioning.kinds.role_planning import Situation
from connector.provisioning.kinds.role_refusals import unread
from connector.provisioning.kinds.role_seeing import seen
from connector.provisioning.refusals import problem
from connector.storage.records.operations import Action


class DirectoryRoles:
    """``directory_role:{id}:assigned`` and ``:eligible``; the id is the definition's, which of built-in roles is the template's.

    Attributes:
        keeps_time: Privileged Identity Management keeps starts and ends; a tenant without it has none.
    """

    keeps_time: ClassVar[bool] = True

    async def examine(self, tools: Tools, entitlement: Entitlement, tasks: Sequence[Task]) -> Mapping[str, Verdict]:
        """What is to be done for each: every guard is asked, of Graph, now; nothing is changed.

        Raises:
            GraphError: Graph cannot be asked now.
        """
        role = await _role(tools.session, entitlement)
        if isinstance(role, (Refused, Later)):
            return {task.id: role for task in tasks}
        return await Deciding(tools, role, kind_of(entitlement)).verdicts(tasks)

    def exclusive(self, entitlement: Entitlement, tasks: Sequence[Task]) -> str | None:
        """Taking the role of Global Administrators away, and letting it end, is done by one worker at a time."""
        if entitlement.id != GLOBAL_ADMINISTRATOR:
            return None
        ending = (one.wanted.action is Action.REVOKE or one.wanted.expires_at is not None for one in tasks)
        return ALONE if any(ending) else None

    async def act(
        self, tools: Tools, entitlement: Entitlement, planned: Sequence[tuple[Task, Planned]]
    ) -> Mapping[str, Acted]:
        """Do what was planned, one after the other.

        Raises:
            GraphError: Microsoft Entra ID issues no token.
        """
        role_id, kind = entitlement.id, kind_of(entitlement)
        return {task.id: await Carrying(tools, role_id, kind, task, plan, plan.data).out() for task, plan in planned}

    async def look(self, tools: Tools, entitlement: Entitlement, tasks: Sequence[Task]) -> Mapping[str, Seen]:
        """How it is now.

        Raises:
            GraphError: Graph cannot be asked now.
        """
        role_id, kind = entitlement.id, kind_of(entitlement)
        held = await read_held(tools.session, role_id, kind, tasks)
        return {
            task.id: Seen(False, str(found))
            if isinstance(found := held[task.id], GraphError)
            else seen(Situation(task, role_id, kind, found, tools.now))
            for task in tasks
        }


def kind_of(entitlement: Entitlement) -> str:
    """``assignment`` or ``eligibility``, as Graph's paths have it."""
    return "assignment" if entitlement.slug == "assigned" else "eligibility"


async def _role(session: GraphSession, entitlement: Entitlement) -> RoleDefinition | Refused | Later:
    """The definition of the role, or why there is none."""
    path = f"{DIRECTORY}/roleDefinitions/{entitlement.id}"
    try:
        reply = await session.get(f"{session.base_url}{path}")
        return decode(reply.body, RoleDefinition)
    except NotJson as error:
        return unread(UnexpectedAnswer(f"Graph answered {path} with something else: {error}"))
    except RequestRefused as error:
        if not error.not_found:
            return unread(error)
        missing = problem(
            "resource_not_found",
            f"There is no directory role {entitlement.id}.",
            "Take the id of a role definition or, of a built-in role, of its template.",
            graph_code=error.code,
            request_id=error.request_id,
        )
        return Refused(missing)
