"""What Graph refuses about roles, told with our codes, and what it is worth trying again for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from connector.graph import retry
from connector.graph.errors import GraphError, PremiumLicenseRequired, RequestRefused, Throttled
from connector.graph.session import GraphSession
from connector.permissions import Feature, sufficient
from connector.provisioning.contract import Later, Refused, Task
from connector.provisioning.refusals import problem
from connector.storage.records.operations import Problem

WRITES_ASSIGNMENTS = sufficient(Feature.PROVISIONING_ROLES, "assignments")
WRITES_SCHEDULES = {kind: sufficient(Feature.PROVISIONING_PIM, kind) for kind in ("assignment", "eligibility")}
"""Each of them is enough; the least privileged first."""

_RULES = re.compile(r'"(\w+)"')
_RULE_WORDS = {
    "ExpirationRule": "an end, or an earlier one",
    "JustificationRule": "a justification",
    "TicketingRule": "a ticket",
    "MfaRule": "multifactor authentication, which no application can give",
    "EligibilityRule": "something else of who is eligible",
}
_FRESH_S = 120.0
"""How long after work has begun an unknown principal or role may still be one that Graph has not heard of everywhere."""
_AGAIN_S = 5.0
_YOUNG_ACTIVATION_S = 120.0
"""PIM ends an activation five minutes after it began at the earliest."""


def not_licensed(error: Exception) -> bool:
    """Whether the tenant lacks the license for Privileged Identity Management."""
    return isinstance(error, PremiumLicenseRequired)


def pim_not_licensed() -> Problem:
    """The tenant has no Privileged Identity Management."""
    return problem(
        "pim_not_licensed",
        "The tenant has no license for Privileged Identity Management (Microsoft Entra ID P2 or ID Governance), which eligible "
        "assignments and those with a start or an end need.",
        "Ask for a permanent active assignment, without starts_at and expires_at, or have the license bought.",
    )


def permission_missing(permissions: Sequence[str], error: RequestRefused | None = None) -> Problem:
    """The application may not do it. ``permissions``: any of which is enough, the least privileged first."""
    what = permissions[0] if permissions else "that Microsoft documents for this request"
    return problem(
        "permission_missing",
        f"The connector lacks the application permission {what}.",
        f"Add the application permission {what} to the app registration and grant admin consent; it can take a few minutes to take "
        "effect.",
        graph_code=error.code if error else "",
        request_id=error.request_id if error else "",
    )


def lacks_all(session: GraphSession, permissions: Sequence[str]) -> bool:
    """Whether the token tells its permissions, and none of ``permissions`` is among them."""
    return all(session.lacks(one) for one in permissions)


def unread(error: GraphError, *, counts: bool = True) -> Refused | Later:
    """What follows where something could not be read that a decision needs."""
    if isinstance(error, Throttled):
        return Later(error.retry_after, str(error))
    if not isinstance(error, RequestRefused) or retry.is_transient(error.status) or error.status == 401:
        return Later(_AGAIN_S, str(error), counts=counts)
    if error.forbidden:
        return Refused(permission_missing((error.permission,) if error.permission else (), error))
    return Refused(refused_by_graph(error))


def unseen_requests(error: GraphError, kind: str) -> Problem | GraphError:
    """Requests could not be read: that needs what writing them needs."""
    if isinstance(error, RequestRefused) and error.forbidden:
        return permission_missing(WRITES_SCHEDULES[kind], error)
    return error


def refused_by_graph(error: RequestRefused) -> Problem:
    """Graph's own words, where there are none of ours."""
    said = error.message or f"status {error.status}"
    return problem(
        "refused_by_graph",
        f"Microsoft Graph refused it: {said}",
        error.advice,
        graph_code=error.code or str(error.status),
        request_id=error.request_id,
    )


def judged(error: RequestRefused, task: Task, permissions: Sequence[str], *, young: float) -> Refused | Later:
    """What follows where Graph refused a write, unless what it refused is already so, which only looking tells.

    Args:
        permissions: any of which the write needs.
        young: seconds since work on the task began.
    """
    if error.forbidden and not not_licensed(error):
        return Refused(permission_missing(permissions, error))
    if error.code.lower() == "activedurationtooshort":
        return Later(
            _YOUNG_ACTIVATION_S, f"What was activated a moment ago cannot be ended yet: {error.message}", counts=True
        )
    if _unknown(error) and young < _FRESH_S:
        return Later(_AGAIN_S, f"Graph does not know it everywhere yet: {error.message}", counts=True)
    return Refused(_by_pim(error) or _by_directory(error, task))


def _unknown(error: RequestRefused) -> bool:
    return error.not_found or error.code.lower() in ("subjectnotfound", "rolenotfound")


def _by_pim(error: RequestRefused) -> Problem | None:
    """What only Privileged Identity Management says."""
    code = error.code.lower()
    if not_licensed(error):
        return pim_not_licensed()
    if code == "pendingroleassignmentrequest":
        return pending(graph_code=error.code, request_id=error.request_id)
    if code != "roleassignmentrequestpolicyvalidationfailed":
        return None
    rules = [_RULE_WORDS.get(name, name) for name in _RULES.findall(error.message)] or [error.message]
    return problem(
        "pim_policy",
        f"The role's settings in Privileged Identity Management demand {' and '.join(rules)}.",
        "Ask again with what they demand, or have the role's settings changed.",
        graph_code=error.code,
        request_id=error.request_id,
    )


def _by_directory(error: RequestRefused, task: Task) -> Problem:
    trace = {"graph_code": error.code, "request_id": error.request_id}
    if _unknown(error):
        missing = "resource_not_found" if error.code.lower() == "rolenotfound" else "principal_not_found"
        sentence = f"Graph knows no such object: {error.message}"
        return problem(missing, sentence, "Check the ids, and ask again.", **trace)
    if task.wanted.scope != "/" and "resource scope" in error.message.lower():
        remedy = "Ask for it with the scope /, or for a role that can be limited, such as a custom one."
        return problem("scope_not_supported", "The role cannot be assigned at this scope.", remedy, **trace)
    return refused_by_graph(error)


def pending(*, graph_code: str = "", request_id: str = "") -> Problem:
    """Somebody else's request is open."""
    return problem(
        "pim_request_pending",
        "Another request for the same principal, role and scope is open in Privileged Identity Management.",
        "Wait until it is decided, or have it canceled there, and ask again.",
        graph_code=graph_code,
        request_id=request_id,
    )
