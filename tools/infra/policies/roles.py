"""Roles: those that contract.json gives a reason for are assigned, to whom and where it says, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tools.infra.declarations import Kind
from tools.infra.evaluating import evaluate
from tools.infra.findings import Finding
from tools.infra.policies.tree import Deployed, Tree
from tools.infra.resources import full_type
from tools.infra.syntax import parts, text, value_of, walk

_WHO = {"appPrincipalId": "app", "deployerPrincipalId": "deployer"}
_SCOPES = {
    "storage account": "Microsoft.Storage/storageAccounts",
    "container entra": "Microsoft.Storage/storageAccounts/blobServices/containers",
    "key vault": "Microsoft.KeyVault/vaults",
    "application insights": "Microsoft.Insights/components",
}


class Assignment(NamedTuple):
    """Who has which role on a resource of which type."""

    who: str
    role: str
    scope: str


def check(tree: Tree) -> Iterator[Finding]:
    """``role-missing``, ``role-unknown``, ``role-name``."""
    wanted = {
        Assignment(who, role["id"], _SCOPES[role["scope"]]): role["name"]
        for who in ("app", "deployer")
        for role in tree.contract["roles"][who]
    }
    found = list(tree.resources("Microsoft.Authorization/roleAssignments"))
    assigned = {_assignment(one): one for one in found}
    for missing in sorted(set(wanted) - set(assigned)):
        yield Finding(
            tree.infra / "contract.json", 0, 0, "role-missing", f"{missing.who} is not given {wanted[missing]}."
        )
    for more in sorted(set(assigned) - set(wanted)):
        message = (
            f"contract.json gives no reason for role {more.role} on {more.scope or 'this'} for {more.who or 'them'}."
        )
        yield assigned[more].finding("role-unknown", message)
    for one in found:
        if _assignment(one).who == "app" and _principal_type(one) != "ServicePrincipal":
            message = "The app is a ServicePrincipal: as anything else, it is not found while it is new."
            yield one.finding("role-unknown", message)
        if _assignment(one).who == "deployer" and "!empty(deployerPrincipalId)" not in _condition(one):
            yield one.finding("role-unknown", "It is for whoever deploys, and there may be nobody.")
        if not _has_steady_name(one):
            message = "The name has to be guid(scope, principal, role): the same each time, and nobody else's."
            yield one.finding("role-name", message)


def _condition(one: Deployed) -> str:
    return text(one.declared.condition) if one.declared.condition is not None else ""


def _principal_type(one: Deployed) -> object:
    return evaluate(value_of(one.declared.value, "properties", "principalType"), one.template)


def _assignment(one: Deployed) -> Assignment:
    body = one.declared.value
    principal, role, scope = (
        value_of(body, *path)
        for path in (("properties", "principalId"), ("properties", "roleDefinitionId"), ("scope",))
    )
    named = [text(node) for node in walk(role) if node.type == "identifier"] if role is not None else []
    ids = [evaluate(found.value, one.template) for name in named if (found := one.template.find(name, Kind.VAR))]
    on = one.template.find(text(scope), Kind.RESOURCE) if scope is not None else None
    who = _WHO.get(text(principal), "") if principal is not None else ""
    return Assignment(who, str(ids[0]) if ids else "", full_type(on)[0] if on else "")


def _has_steady_name(one: Deployed) -> bool:
    body = one.declared.value
    name = value_of(body, "name")
    if name is None or not text(name).startswith("guid("):
        return False
    arguments = {text(argument).removesuffix(".id") for argument in parts(parts(name)[-1])}
    scope, principal = value_of(body, "scope"), value_of(body, "properties", "principalId")
    role = value_of(body, "properties", "roleDefinitionId")
    if scope is None or principal is None or role is None:
        return False
    roles = {text(node) for node in walk(role) if node.type == "identifier"}
    return {text(scope), text(principal)} < arguments and bool(arguments & roles)
