"""Guards that need nothing but the role, the principal and what is asked for."""

from __future__ import annotations

from datetime import datetime

from connector.access.roles import RoleDefinition
from connector.provisioning.contract import Principal, Task
from connector.provisioning.kinds.ends import passed
from connector.provisioning.kinds.role_scopes import unsupported
from connector.provisioning.refusals import problem
from connector.storage.records.operations import Action, Problem


def unfit(task: Task, role: RoleDefinition, kind: str, now: datetime) -> Problem | None:
    """Why this can never be granted; None where it may be. What is held may always be revoked.

    Args:
        kind: ``assignment`` or ``eligibility``.
    """
    if task.wanted.action is Action.REVOKE:
        return None
    if role.is_enabled is False:
        return problem(
            "role_disabled",
            f"The role {role.display_name or role.id} is disabled.",
            "Have the custom role enabled, or ask for another one.",
        )
    return passed(task.wanted, now) or _who(task.principal, kind) or unsupported(role, task.wanted.scope)


def _who(principal: Principal, kind: str) -> Problem | None:
    if principal.kind == "group" and principal.facts.get("isAssignableToRole") is not True:
        return problem(
            "group_not_role_assignable",
            f"The group {principal.name} cannot hold roles.",
            "Roles can be assigned to groups that were created with isAssignableToRole; that cannot be changed later. Make such a "
            "group, or assign the role to the members themselves.",
        )
    # https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-configure
    if kind == "eligibility" and principal.kind == "service_principal":
        return problem(
            "principal_kind_not_allowed",
            "A service principal cannot be eligible: it cannot activate a role.",
            "Ask for directory_role:{id}:assigned instead, with expires_at where it is needed for a time.",
        )
    return None
