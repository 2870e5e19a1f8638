"""Through which groups a role is held: groups that hold roles have no groups in them, so direct memberships tell it all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from connector.access.base import GraphObject, principal_kind
from connector.access.collections import Collection
from connector.access.roles import RoleAssignment
from connector.graph.errors import GraphError
from connector.graph.paging import pages
from connector.graph.session import GraphSession
from connector.graph.sweep import sweep
from connector.provisioning.contract import Principal, Task
from connector.provisioning.kinds.addresses import filtered
from connector.provisioning.kinds.role_holdings import DIRECTORY
from connector.provisioning.kinds.role_refusals import not_licensed
from connector.provisioning.kinds.role_scopes import same_scope
from connector.provisioning.refusals import problem
from connector.storage.records.operations import Problem

_SETS = {"account": "users", "service_principal": "servicePrincipals"}


class Group(GraphObject):
    """What somebody is a member of."""

    id: str
    kind: str | None = msgspec.field(default=None, name="@odata.type")
    display_name: str | None = None


async def groups_of(session: GraphSession, principals: Sequence[Principal]) -> Mapping[str, list[Group] | GraphError]:
    """The groups that each is a member of, by its id; a group's are not asked for.

    Raises:
        GraphError: Graph cannot be asked now.
    """
    targets = {
        one.id: f"/{_SETS[one.kind]}/{one.id}/memberOf?$select=id,displayName&$top=999"
        for one in principals
        if one.kind in _SETS
    }
    found: dict[str, list[Group]] = {one.id: [] for one in principals}
    failed: dict[str, GraphError] = {}
    async for part in sweep(session, list(targets), targets.__getitem__, Collection[Group]):
        for answer in part.answers:
            if isinstance(answer.content, GraphError):
                failed[answer.key] = answer.content
            else:
                found[answer.key] += [one for one in answer.content.value if principal_kind(one.kind) == "group"]
    return {**found, **failed}


async def inherited(
    session: GraphSession, role_id: str, kind: str, tasks: Sequence[Task]
) -> Mapping[str, Problem | GraphError | None]:
    """For each task, by its id, through which group the principal holds the role at that scope, if it does.

    Args:
        kind: ``assignment`` or ``eligibility``.

    Raises:
        GraphError: Graph cannot be asked now.
    """
    groups = await groups_of(session, [task.principal for task in tasks])
    if not any(groups.values()):
        return dict.fromkeys((task.id for task in tasks), None)
    try:
        scopes = await _scopes_of_holders(session, role_id, kind)
    except GraphError as error:
        return dict.fromkeys((task.id for task in tasks), error)
    return {task.id: _through(groups[task.principal.id], scopes, task, role_id) for task in tasks}


async def _scopes_of_holders(session: GraphSession, role_id: str, kind: str) -> Mapping[str, list[str | None]]:
    """At which scopes each principal holds the role, or is eligible for it, itself."""
    name = "roleAssignments" if kind == "assignment" else "roleEligibilityScheduleInstances"
    path = filtered(f"{DIRECTORY}/{name}", f"roleDefinitionId eq '{role_id}'")
    scopes: dict[str, list[str | None]] = defaultdict(list)
    try:
        async for page in pages(session, f"{session.base_url}{path}", RoleAssignment):
            for one in page.value:
                scopes[(one.principal_id or "").lower()].append(one.app_scope_id or one.directory_scope_id)
    except GraphError as error:
        if not not_licensed(error):
            raise
    return scopes


def _through(
    groups: list[Group] | GraphError, scopes: Mapping[str, list[str | None]], task: Task, role_id: str
) -> Problem | GraphError | None:
    if isinstance(groups, GraphError):
        return groups
    for group in groups:
        if any(same_scope(scope, task.wanted.scope) for scope in scopes.get(group.id.lower(), ())):
            name, slug = group.display_name or group.id, task.wanted.entitlement.rpartition(":")[2]
            return problem(
                "inherited_access",
                f"{task.principal.name} holds it through the group {name}, not directly.",
                f"Revoke group:{group.id}:member from {task.principal.id}, or directory_role:{role_id}:{slug} from the whole group "
                f"{group.id}.",
            )
    return None
