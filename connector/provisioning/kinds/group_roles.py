"""Directory roles that a group holds: who becomes a member or owner of it, or stops being one, gains or loses them, too."""

from __future__ import annotations

import msgspec

from connector.access.base import GraphObject
from connector.access.collections import Collection
from connector.graph.errors import GraphError, UnexpectedAnswer
from connector.graph.session import GraphSession
from connector.graph.sweep import sweep
from connector.provisioning.entitlements import Entitlement
from connector.provisioning.kinds.addresses import filtered
from connector.provisioning.kinds.role_holdings import DIRECTORY
from connector.provisioning.kinds.role_refusals import not_licensed

_LISTS = {
    "roleAssignments": "assigned",
    "roleAssignmentSchedules": "assigned",  # what begins later, as well
    "roleEligibilitySchedules": "eligible",
}


class _Holding(GraphObject):
    role_definition_id: str = msgspec.field(name="roleDefinitionId")


async def roles_of_group(session: GraphSession, group_id: str) -> tuple[Entitlement, ...]:
    """What ``group_id`` holds itself at any scope, now or later, in order.

    Raises:
        GraphError: not all of it can be read, so that it is not known what comes with the group.
    """
    clause = f"principalId eq '{group_id}'"
    found: set[str] = set()
    async for part in sweep(
        session, list(_LISTS), lambda name: filtered(f"{DIRECTORY}/{name}", clause), Collection[_Holding]
    ):
        for answer in part.answers:
            if isinstance(answer.content, GraphError):
                if not_licensed(answer.content) and answer.key != "roleAssignments":
                    continue  # without PIM there is nothing that it could have planned
                raise answer.content
            if answer.content.unreadable:
                raise UnexpectedAnswer("Graph lists roles of the group that cannot be understood")
            slug = _LISTS[answer.key]
            found |= {f"directory_role:{one.role_definition_id}:{slug}" for one in answer.content.value}
    return tuple(_parsed(one) for one in sorted(found))


def _parsed(text: str) -> Entitlement:
    try:
        return Entitlement.parse(text)
    except ValueError:
        raise UnexpectedAnswer("Graph lists a role of the group that has no id") from None
