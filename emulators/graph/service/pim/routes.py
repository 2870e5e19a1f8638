"""The paths of Privileged Identity Management that ask for something, and those of its policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from emulators.graph.service.errors import bad_request, not_found
from emulators.graph.service.messages import Reply
from emulators.graph.service.odata.ast import Comparison, Literal, Logical, Node, Property
from emulators.graph.service.odata.query import parse_query
from emulators.graph.service.operations import Call, Operation
from emulators.graph.service.pim import policies
from emulators.graph.service.pim.requests import Requests
from emulators.graph.service.pim.wanted import parsed

Add = Callable[[str, str, Operation], None]
_BASE = "roleManagement/directory"
_POLICIES = "policies/roleManagementPolicies"
_ASSIGNMENTS = "policies/roleManagementPolicyAssignments"


class PimRoutes:
    """Answers for ``requests``."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def add_to(self, add: Add) -> None:
        """Register every path."""
        for kind in ("assignment", "eligibility"):
            self._add_requests(add, kind, f"{_BASE}/role{kind.capitalize()}ScheduleRequests")
        add("GET", _ASSIGNMENTS, _policy_assignments)
        add("GET", _POLICIES, _policies)
        add("GET", f"{_POLICIES}/{{id}}", _one_policy)
        for name in ("rules", "effectiveRules"):
            add("GET", f"{_POLICIES}/{{id}}/{name}", _rules)
            add("GET", f"{_POLICIES}/{{id}}/{name}/{{id}}", _one_rule)
        add("PATCH", f"{_POLICIES}/{{id}}/rules/{{id}}", _change_rule)

    def _add_requests(self, add: Add, kind: str, path: str) -> None:
        def make(call: Call) -> Reply:
            made = self._requests.make(kind, parsed(call.request.body), call.caller)
            return Reply(201, {"@odata.context": f"{call.request.base}/$metadata#{path}/$entity"} | made)

        def listed(call: Call) -> Reply:
            self._requests.settle()
            wanted = _equalities(parse_query(call.request.options).filter)
            found = [one for one in self._requests.all(kind) if wanted.items() <= one.items()]
            return Reply(200, {"@odata.context": f"{call.request.base}/$metadata#{path}", "value": found})

        def read(call: Call) -> Reply:
            self._requests.settle()
            found = self._requests.one(kind, call.ids[0])
            if found is None:
                raise not_found(call.ids[0])
            return Reply(200, {"@odata.context": f"{call.request.base}/$metadata#{path}/$entity"} | found)

        def cancel(call: Call) -> Reply:
            if not self._requests.cancel(kind, call.ids[0]):
                raise not_found(call.ids[0])
            return Reply(204)

        add("POST", path, make)
        add("GET", path, listed)
        add("GET", f"{path}/{{id}}", read)
        add("POST", f"{path}/{{id}}/cancel", cancel)


def _policy_assignments(call: Call) -> Reply:
    """The policy of each role; ``$filter`` on scopeId and scopeType is required."""
    wanted, options = _scoped(call)
    expand = options.get("expand", "").replace(" ", "").lower()
    found = []
    for role in _roles(call, wanted.get("roleDefinitionId")):
        policy = policies.policy_id(call.context, role)
        item: dict[str, Any] = {"id": f"{policy}_{role}", "policyId": policy, "scopeId": "/"}
        item |= {"scopeType": wanted["scopeType"], "roleDefinitionId": role}
        if expand.startswith("policy"):
            item["policy"] = _shown(call, role, with_rules="rules" in expand)
        found.append(item)
    return Reply(200, {"@odata.context": f"{call.request.base}/$metadata#{_ASSIGNMENTS}", "value": found})


def _policies(call: Call) -> Reply:
    _, options = _scoped(call)
    rules = "rules" in options.get("expand", "").lower()
    found = [_shown(call, role, with_rules=rules) for role in _roles(call, None)]
    return Reply(200, {"@odata.context": f"{call.request.base}/$metadata#{_POLICIES}", "value": found})


def _one_policy(call: Call) -> Reply:
    rules = any(
        name.lower().lstrip("$") == "expand" and "rules" in value.lower() for name, value in call.request.options
    )
    shown = _shown(call, _role(call), with_rules=rules)
    return Reply(200, {"@odata.context": f"{call.request.base}/$metadata#{_POLICIES}/$entity"} | shown)


def _rules(call: Call) -> Reply:
    path = f"{_POLICIES}('{call.ids[0]}')/rules"
    found = policies.rules_of(call.context, _role(call))
    return Reply(200, {"@odata.context": f"{call.request.base}/$metadata#{path}", "value": found})


def _one_rule(call: Call) -> Reply:
    return Reply(200, _rule(call))


def _change_rule(call: Call) -> Reply:
    """``PATCH`` of one rule: 204. Its id and type stay."""
    rule = _rule(call)
    try:
        change = msgspec.json.decode(call.request.body, type=dict[str, Any])
    except msgspec.MsgspecError:
        raise bad_request("Unable to read JSON request payload.", "BadRequest") from None
    fixed = {name: rule[name] for name in ("id", "@odata.type")}
    if change.get("@odata.type", rule["@odata.type"]) != rule["@odata.type"]:
        raise bad_request("The type of a rule cannot be changed.", "BadRequest")
    policies.change_rule(call.context, _role(call), {**rule, **change, **fixed})
    return Reply(204)


def _shown(call: Call, role: str, *, with_rules: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": policies.policy_id(call.context, role),
        "displayName": "DirectoryRole",
        "description": "DirectoryRole",
        "isOrganizationDefault": False,
        "scopeId": "/",
        "scopeType": "DirectoryRole",
        "lastModifiedDateTime": None,
        "lastModifiedBy": {"displayName": None, "id": None},
    }
    return shown | {"rules": policies.rules_of(call.context, role)} if with_rules else shown


def _rule(call: Call) -> dict[str, Any]:
    for rule in policies.rules_of(call.context, _role(call)):
        if rule["id"] == call.ids[1]:
            return rule
    raise not_found(call.ids[1])


def _role(call: Call) -> str:
    role = policies.role_of(call.context, call.ids[0])
    if role is None:
        raise not_found(call.ids[0])
    return role


def _roles(call: Call, only: Any) -> list[str]:
    rows = call.context.db.execute("SELECT id FROM role_definitions WHERE ?1 IS NULL OR id = ?1 ORDER BY id", (only,))
    return [role for (role,) in rows]


def _scoped(call: Call) -> tuple[dict[str, Any], dict[str, str]]:
    options = {name.lower().lstrip("$"): value for name, value in call.request.options}
    plain = [(name, value) for name, value in call.request.options if name.lower().lstrip("$") != "expand"]
    wanted = _equalities(parse_query(plain).filter)
    if wanted.get("scopeId") != "/" or wanted.get("scopeType") not in ("Directory", "DirectoryRole"):
        raise bad_request("The filter must name scopeId '/' and scopeType 'DirectoryRole'.", "BadRequest")
    return wanted, options


def _equalities(node: Node | None) -> dict[str, Any]:
    """What a filter of ``eq`` joined by ``and`` asks for.

    Raises:
        GraphError: 400 for every other filter.
    """
    match node:
        case None:
            return {}
        case Comparison("eq", Property((name,)), Literal(value)):
            return {name: value}
        case Logical("and", operands):
            return {name: value for one in operands for name, value in _equalities(one).items()}
    raise bad_request("The filter is not supported for this resource.", "BadRequest")
