"""Membership that is held through other groups: through which, and which operation would end it."""

from __future__ import annotations

from collections.abc import Collection as Ids
from collections.abc import Mapping, Sequence

import msgspec

from connector.access.base import GraphObject, principal_kind
from connector.access.collections import Collection
from connector.access.groups import Group
from connector.graph.errors import GraphError, UnexpectedAnswer
from connector.graph.session import GraphSession
from connector.graph.sweep import sweep
from connector.provisioning.contract import Principal
from connector.provisioning.refusals import problem
from connector.storage.records.operations import Problem

_SETS = {"account": "users", "group": "groups", "service_principal": "servicePrincipals"}
_TOLD = 3  # groups that a sentence names


class Membership(GraphObject):
    """A group that something is a member of; administrative units and roles are listed as well."""

    id: str
    kind: str | None = msgspec.field(default=None, name="@odata.type")
    display_name: str | None = None


Found = Mapping[str, dict[str, Membership] | GraphError]


async def memberships(session: GraphSession, relation: str, principals: Sequence[tuple[str, str]]) -> Found:
    """The groups that each principal, given as its kind and id, is in: ``memberOf`` directly, ``transitiveMemberOf`` at any depth.

    Raises:
        GraphError: Graph cannot be asked now.
    """
    targets = {id_: f"/{_SETS[kind]}/{id_}/{relation}?$select=id,displayName&$top=999" for kind, id_ in principals}
    found: dict[str, dict[str, Membership]] = {id_: {} for id_ in targets}
    failed: dict[str, GraphError] = {}
    async for part in sweep(session, list(targets), targets.__getitem__, Collection[Membership]):
        for answer in part.answers:
            if isinstance(answer.content, GraphError):
                failed[answer.key] = answer.content
            elif answer.content.unreadable:
                failed[answer.key] = UnexpectedAnswer("Graph lists groups that cannot be understood")
            else:
                groups = (one for one in answer.content.value if principal_kind(one.kind) == "group")
                found[answer.key] |= {one.id.lower(): one for one in groups}
    return {**found, **failed}


async def inherited(
    session: GraphSession, group: Group, principals: Sequence[Principal]
) -> Mapping[str, Problem | GraphError]:
    """Those of ``principals`` that are members of ``group`` through other groups, or of whom that cannot be found out.

    Raises:
        GraphError: Graph cannot be asked now.
    """
    everything = await memberships(session, "transitiveMemberOf", [(one.kind, one.id) for one in principals])
    answers: dict[str, Problem | GraphError] = {
        id_: groups for id_, groups in everything.items() if isinstance(groups, GraphError)
    }
    id_of_group = group.id.lower()
    held = [
        one for one in principals if not isinstance(groups := everything[one.id], GraphError) and id_of_group in groups
    ]
    if not held:
        return answers
    direct = await memberships(session, "memberOf", [(one.kind, one.id) for one in held])
    between = {id_ for one in held if not isinstance(groups := direct[one.id], GraphError) for id_ in groups}
    above = await memberships(
        session, "transitiveMemberOf", [("group", id_) for id_ in sorted(between - {id_of_group})]
    )
    leading = {id_ for id_, groups in above.items() if not isinstance(groups, GraphError) and id_of_group in groups}
    for one in held:
        groups = direct[one.id]
        answers[one.id] = groups if isinstance(groups, GraphError) else _through(group, one, groups, leading)
    return answers


def _through(group: Group, one: Principal, direct: Mapping[str, Membership], leading: Ids[str]) -> Problem:
    name = group.display_name or group.id
    through = [membership for id_, membership in direct.items() if id_ in leading]
    if not through:
        return problem(
            "inherited_access",
            f"{one.name} is a member of {name} through another group, not directly.",
            "Look up in the Entra admin center through which, and revoke the membership of that group.",
        )
    names = ", ".join(f"{one.display_name or one.id} ({one.id})" for one in through[:_TOLD])
    more = f" and {len(through) - _TOLD} more" if len(through) > _TOLD else ""
    operations = " and ".join(f"group:{one.id.lower()}:member" for one in through[:_TOLD])
    return problem(
        "inherited_access",
        f"{one.name} is a member of {name} through {names}{more}, not directly.",
        f"Revoke {operations} from {one.id}{' and so on' if more else ''}; or take the group in between out of {name}, for everybody "
        "in it.",
    )
