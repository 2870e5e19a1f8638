"""Accounts that are kept for emergencies, as members of groups: what is taken from such a group is taken from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connector.graph.errors import GraphError
from connector.provisioning.contract import Principal, Tools
from connector.provisioning.kinds.group_inheriting import memberships
from connector.provisioning.kinds.principals import resolve
from connector.provisioning.refusals import problem
from connector.storage.records.operations import Problem


async def kept_through(tools: Tools, principals: Sequence[Principal]) -> Mapping[str, Problem | GraphError]:
    """Those of ``principals``, by id, that are groups of which such an account is a member at any depth, or of which that cannot be said.

    Raises:
        GraphError: Graph cannot be asked now.
    """
    groups = [one for one in principals if one.kind == "group"]
    if not groups or not tools.settings.break_glass_accounts:
        return {}
    answers = await resolve(tools, sorted(tools.settings.break_glass_accounts))
    unreadable = [one for one in answers.values() if isinstance(one, Problem) and one.code == "permission_missing"]
    if unreadable:
        return {one.id: unreadable[0] for one in groups}
    kept = {
        one.id: one for one in answers.values() if isinstance(one, Principal)
    }  # nobody is locked out who is not there
    found = await memberships(tools.session, "transitiveMemberOf", [(one.kind, one.id) for one in kept.values()])
    refused: dict[str, Problem | GraphError] = {}
    for account, inside in found.items():
        for group in groups:
            if isinstance(inside, GraphError):
                refused.setdefault(group.id, inside)
            elif group.id in inside:
                refused[group.id] = _protected(group, kept[account])
    return refused


def _protected(group: Principal, account: Principal) -> Problem:
    return problem(
        "protected_principal",
        f"It would take from {account.name}, a member of the group {group.name}, which is kept for emergencies: "
        "BREAK_GLASS_ACCOUNTS names it.",
        "Change it by hand, in the Entra admin center, if that is really wanted.",
    )
