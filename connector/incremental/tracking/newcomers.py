"""Objects that were not known, and may be back from having been deleted: their relations, read from their own side.

When an object is restored, Graph tells of the object and of nothing that comes back with it: no group says that it has a member
again. So the object is asked: in which groups it is, what it owns, what it is assigned to, who reports to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from connector.access.applications import ApplicationOwnerRow, AppRoleAssignment, app_role_assignment
from connector.access.base import Reference, principal_kind
from connector.access.groups import MembershipRow
from connector.incremental.tracking.asking import assignments_held, related
from connector.incremental.tracking.chains import CursorLost
from connector.incremental.tracking.collected import Collected
from connector.incremental.tracking.kinds import PRINCIPALS
from connector.incremental.tracking.look import Look

MOST = 5000
"""Newcomers of one kind that are asked for their relations in one round, at up to six requests each. Where more are back, a full
sync costs less, and unlike a round it goes on where it was interrupted."""

_RELATIONS = {
    "users": ("member_of", "owned_objects", "direct_reports"),
    "groups": ("member_of",),
    "servicePrincipals": ("member_of", "owned_objects"),
}


async def read_relations(look: Look, kind: str, ids: Sequence[str], collected: Collected) -> dict[str, str]:
    """Add what ``ids`` belong to, own and are assigned to; a role that is theirs again has to be looked for.

    Returns:
        Who reports to one of them: manager by report.

    Raises:
        CursorLost: there are more than :data:`MOST`.
        GraphError: not all of it can be read. What the chain said must then be read again, or these relations would be lost.
    """
    if not ids:
        return {}
    if len(ids) > MOST:
        raise CursorLost(f"{len(ids)} {kind} have appeared at once, more than {MOST}; reading everything costs less")
    collected.signals.add("role_assignments")
    reports: dict[str, str] = {}
    for (relation, id_), others in (await related(look.session, kind, ids, _RELATIONS[kind])).items():
        if relation == "direct_reports":
            reports |= {other.id: id_ for other in others if principal_kind(other.kind) == "account"}
        else:
            _add_related(collected, relation, PRINCIPALS[kind].kind, id_, others)
    held = await assignments_held(look.session, kind, ids)
    if held is None:
        collected.signals.add("application_grants")
    else:
        add_assignments(collected, held)
    return reports


def _add_related(collected: Collected, relation: str, kind: str, id_: str, others: Sequence[Reference]) -> None:
    groups = [other.id for other in others if principal_kind(other.kind) == "group"]
    word = "member" if relation == "member_of" else "owner"
    collected.add_beside("memberships", (_membership(group, word, kind, id_) for group in groups))
    if relation == "owned_objects":
        applications = [other.id for other in others if principal_kind(other.kind) == "service_principal"]
        collected.add_beside(
            "application_owners",
            (ApplicationOwnerRow(application_id=one, principal_kind=kind, principal_id=id_) for one in applications),
        )


def _membership(group_id: str, relation: str, kind: str, id_: str) -> msgspec.Struct:
    return MembershipRow(group_id=group_id, relation=relation, principal_kind=kind, principal_id=id_, ordinal=0)


def add_assignments(collected: Collected, assignments: Sequence[AppRoleAssignment]) -> None:
    """Add app role assignments that name their application."""
    collected.add_beside(
        "app_role_assignments",
        (app_role_assignment(one.resource_id, one) for one in assignments if one.resource_id is not None),
    )
