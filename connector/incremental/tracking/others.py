"""What the chains of roles, administrative units and app role assignments say."""

from __future__ import annotations

from collections.abc import Mapping

from connector.access.applications import AppRoleAssignment, app_role_assignment
from connector.access.decoding import convert
from connector.access.delta import Stated
from connector.access.roles import Named, administrative_unit_scope
from connector.incremental.tracking.collected import Collected
from connector.incremental.tracking.look import Look

_ASSIGNMENT = "appRoleAssignment"
_PRINCIPAL_TYPES = {"account": "User", "group": "Group", "service_principal": "ServicePrincipal"}


async def read_roles(_look: Look, stated: Mapping[str, Stated]) -> Collected:
    """Nothing but a sign: this chain knows neither scopes nor custom roles nor PIM, so the assignments are compared."""
    return Collected(signals={"role_assignments"} if stated else set())


async def read_units(look: Look, stated: Mapping[str, Stated]) -> Collected:
    """Names of the administrative units that a role is limited to; those of others do not matter."""
    collected = Collected()
    scopes = {administrative_unit_scope(Named(id=id_)).id: one for id_, one in stated.items()}
    known = look.by_id("scopes", scopes.keys())
    for scope, one in scopes.items():
        if scope not in known:
            continue
        if one.removed and not one.there:
            collected.end("scopes", scope)
            collected.signals.add("role_assignments")
        elif "displayName" in one.properties:
            collected.state("scopes", administrative_unit_scope(convert({**one.properties, "id": one.id}, Named)))
    return collected


async def read_assignments(look: Look, stated: Mapping[str, Stated]) -> Collected:
    """Rows of ``app_role_assignments``. Users come along in this chain, because Graph wants it so; they are ignored.

    Where the chain leaves open what there is, the comparison of what is assigned on each application settles it.
    """
    collected = Collected()
    known = look.by_id("app_role_assignments", stated.keys())
    for id_, one in stated.items():
        if one.disputed:
            collected.signals.add("application_grants")
        elif one.removed:
            collected.end("app_role_assignments", id_)  # of a user, too: there is no such row then
        elif str(one.properties.get("@odata.type", "")).endswith(_ASSIGNMENT) or id_ in known:
            before = known.get(id_, {})
            words = {
                "resourceId": before.get("application_id"),
                "appRoleId": before.get("role_id"),
                "principalId": before.get("principal_id"),
                "principalType": _PRINCIPAL_TYPES.get(before.get("principal_kind", "")),
                "createdDateTime": before.get("created_at"),
            }
            assignment = convert({**words, **one.properties}, AppRoleAssignment)
            if assignment.resource_id and assignment.principal_id:
                collected.state("app_role_assignments", app_role_assignment(assignment.resource_id, assignment))
            else:
                collected.signals.add("application_grants")
    return collected
