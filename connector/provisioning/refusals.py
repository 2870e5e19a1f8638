"""Why an operation does not come to what was asked for: every code, in one place, with what it means.

The codes are part of the public contract: documents, tests and the OpenAPI description list them from here.
"""

from __future__ import annotations

from connector.storage.records.operations import Problem

CODES: dict[str, str] = {
    # who and what
    "principal_not_found": "No account, group or service principal is what was named, or it is deleted.",
    "principal_kind_not_allowed": "Entra ID does not let this kind of principal hold it.",
    "resource_not_found": "There is no such group or role, or it is deleted.",
    # policy
    "policy_unreadable": "There is a policy of this deployment, and it cannot be understood: nothing is allowed.",
    "not_allowed_by_policy": "The policy of this deployment does not name it among what may be touched.",
    "protected_by_policy": "The policy of this deployment protects it.",
    "protected_principal": "The connector's own service principal, or a break-glass account.",
    "end_demanded_by_policy": "The policy of this deployment lets this be granted with an end only.",
    "eligible_demanded_by_policy": "The policy of this deployment lets this role be granted as eligible, or with an end, only.",
    # groups
    "dynamic_membership": "Members follow a rule.",
    "synced_from_on_premises": "The group is mastered in Active Directory.",
    "managed_by_exchange": "Only Exchange can change a mail-enabled security group or a distribution list.",
    "nesting_not_allowed": "This group cannot be a member there.",
    "last_owner": "A group's last owner cannot be removed.",
    # roles
    "role_disabled": "The role definition is disabled.",
    "scope_not_supported": "The role cannot be assigned at this scope, or there is no such scope.",
    "scope_not_applicable": "Only directory roles have a scope.",
    "group_not_role_assignable": "Roles can only be given to groups that were made for it.",
    "pim_not_licensed": "The tenant has no license for Privileged Identity Management.",
    "pim_policy": "The role's settings in Privileged Identity Management demand something else.",
    "pim_request_pending": "Another request for the same is open in Privileged Identity Management.",
    "pim_request_ended": "Privileged Identity Management did not carry the request out.",
    "activated_from_eligibility": "It is active because the principal has activated an eligibility.",
    # both
    "permission_missing": "The connector lacks the application permission.",
    "inherited_access": "It is held through a group, not directly.",
    "self_lockout": "It would take access from the connector itself.",
    "last_global_administrator": "Nobody would be left who is an active Global Administrator.",
    "start_in_the_past": "It would have ended before it begins, or has ended already.",
    # the end
    "refused_by_graph": "Graph answered with an error that nothing of the above explains.",
    "not_seen": "Graph has accepted it, and it has not been seen in time.",
    "gave_up": "It failed again and again.",
    "dead_lettered": "Work on it has brought the process down, or failed in an unforeseen way, again and again.",
    "graph_unavailable": "Graph could not be asked.",
    "provisioning_disabled": "This deployment only reads.",
    "malformed_message": "A message of the queue is no request.",
}


def problem(code: str, sentence: str, remedy: str, *, graph_code: str = "", request_id: str = "") -> Problem:
    """A problem with one of the :data:`CODES`.

    Raises:
        KeyError: for another code: one that nobody could look up.
    """
    CODES[code]
    return Problem(code=code, sentence=sentence, remedy=remedy, graph_code=graph_code, request_id=request_id)
