"""Guards that follow from what a group and a principal are: pure decisions, each with what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connector.access.groups import Group, GroupRow, group_row
from connector.graph.session import GraphSession
from connector.permissions import Feature, sufficient
from connector.provisioning.contract import Principal, Task
from connector.provisioning.kinds.ends import passed
from connector.provisioning.kinds.role_refusals import lacks_all, permission_missing
from connector.provisioning.refusals import problem
from connector.storage.records.operations import Action, Problem

ROLE_ASSIGNABLE = sufficient(Feature.PROVISIONING_ROLE_ASSIGNABLE_GROUPS, "protected")
WRITES: Mapping[str, tuple[str, ...]] = {
    "member": sufficient(Feature.PROVISIONING_GROUPS, "members"),
    "owner": sufficient(Feature.PROVISIONING_GROUP_OWNERS, "owners"),
}
"""Each of them is enough; the least privileged first."""
_SEES_HIDDEN = sufficient(Feature.HIDDEN_MEMBERSHIP, "members")

_EXCHANGE = {"mail_enabled_security": "a mail-enabled security group", "distribution": "a distribution list"}
_KINDS = {"account": "an account", "group": "a group", "service_principal": "a service principal"}


def group_problem(session: GraphSession, group: Group, relation: str) -> Problem | None:
    """Why nobody can be made a ``member`` or ``owner`` of the group, or stop being one, through Graph by this connector."""
    row = group_row(group)
    name = row.display_name or row.id
    if relation == "member" and row.is_dynamic:
        return problem(
            "dynamic_membership",
            f"The members of {name} follow a rule.",
            "Change what the rule asks of the account, or the rule, in the Entra admin center; or use another group.",
        )
    if row.on_premises_sync_enabled:
        return problem(
            "synced_from_on_premises",
            f"{name} is synced from Active Directory, where alone its members and owners can be changed.",
            "Change it in Active Directory; the change arrives with the next synchronization.",
        )
    if row.group_type in _EXCHANGE:
        return problem(
            "managed_by_exchange",
            f"{name} is {_EXCHANGE[row.group_type]}, which Graph can only read.",
            "Change it in the Exchange admin center or with Exchange Online PowerShell; or use a security group.",
        )
    return _permission_problem(session, row, relation)


def _permission_problem(session: GraphSession, row: GroupRow, relation: str) -> Problem | None:
    if lacks_all(session, WRITES[relation]):
        return permission_missing(WRITES[relation])
    if row.is_assignable_to_role and lacks_all(session, ROLE_ASSIGNABLE):
        return permission_missing(ROLE_ASSIGNABLE)
    if relation == "member" and row.visibility == "HiddenMembership" and lacks_all(session, _SEES_HIDDEN):
        return permission_missing(_SEES_HIDDEN)  # what it does could not be seen
    return None


def task_problem(group: Group, relation: str, task: Task, now: datetime) -> Problem | None:
    """Why this principal cannot be a ``member`` or ``owner`` of the group, or what was asked for makes no sense of one, or none now."""
    if task.wanted.scope != "/":
        return problem("scope_not_applicable", "Only directory roles have a scope.", "Leave the scope out, or give /.")
    if task.wanted.action is Action.REVOKE:
        return None
    return passed(task.wanted, now) or _principal_problem(group, relation, task.principal)


def _principal_problem(group: Group, relation: str, principal: Principal) -> Problem | None:
    if relation == "owner":
        return _not_allowed(group, principal, "owner") if principal.kind == "group" else None
    return _nesting(group, principal) if principal.kind == "group" else _member(group, principal)


def _member(group: Group, principal: Principal) -> Problem | None:
    unified = group_row(group).group_type == "microsoft_365"
    return _not_allowed(group, principal, "member") if unified and principal.kind != "account" else None


def _nesting(group: Group, member: Principal) -> Problem | None:
    """Which groups can be in which. https://learn.microsoft.com/entra/fundamentals/how-to-manage-groups,
    https://learn.microsoft.com/entra/identity/role-based-access-control/groups-concept, https://learn.microsoft.com/graph/api/group-post-members"""
    name = group.display_name or group.id
    if member.id == group.id.lower():
        return _no_nesting("A group cannot be a member of itself.", "Name the group that should be in it.")
    if group_row(group).group_type == "microsoft_365":
        return _no_nesting(
            f"{name} is a Microsoft 365 group, and only accounts can be members of those.",
            "Grant it to the accounts themselves, or use a security group.",
        )
    if group.is_assignable_to_role:
        return _no_nesting(
            f"Directory roles can be assigned to {name}, and no group can be a member of such a group.",
            "Grant it to the accounts themselves.",
        )
    if "unified" in [str(one).lower() for one in _types(member.facts)]:
        return _no_nesting(
            f"{member.name} is a Microsoft 365 group, which cannot be a member of another group.",
            "Grant it to the accounts themselves, or nest a security group.",
        )
    if member.facts.get("mailEnabled") and member.facts.get("securityEnabled") is False:
        return _no_nesting(
            f"{member.name} is a distribution list, which cannot be a member of a security group.",
            "Grant it to the accounts themselves, or nest a security group.",
        )
    return None


def _types(facts: Mapping[str, Any]) -> list[Any]:
    types = facts.get("groupTypes")
    return types if isinstance(types, list) else []


def _no_nesting(sentence: str, remedy: str) -> Problem:
    return problem("nesting_not_allowed", sentence, remedy)


def _not_allowed(group: Group, principal: Principal, relation: str) -> Problem:
    whom = "accounts and service principals can own groups" if relation == "owner" else "accounts can be members of it"
    what = "Microsoft 365" if group_row(group).group_type == "microsoft_365" else "security"
    return problem(
        "principal_kind_not_allowed",
        f"{principal.name} is {_KINDS.get(principal.kind, 'something else')}; {group.display_name or group.id} is a {what} group, and "
        f"only {whom}.",
        "Name an account." if relation == "member" else "Name an account or a service principal.",
    )
