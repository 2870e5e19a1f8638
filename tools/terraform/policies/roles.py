"""Who may do what is what the contract says, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.infra.findings import Finding
from tools.terraform.policies.deployment import SOMEBODY, Deployment

_SCOPES = {
    "<azurerm_storage_account.this.id>": "storage account",
    "<azurerm_key_vault.this.id>": "key vault",
    "<azurerm_application_insights.this.id>": "application insights",
    "<azurerm_storage_container.this[entra].id>": "container entra",
}
_APP = "<azurerm_user_assigned_identity.app.principal_id>"
Assigned = tuple[str, str, str, str]


def check(deployment: Deployment) -> Iterator[Finding]:
    """``role``."""
    agreed = deployment.contract["roles"]
    app = {(_APP, "ServicePrincipal", one["name"], one["scope"]) for one in agreed["app"]}
    yield from _compared(deployment, "of nobody but the app", assigned(deployment), app)
    modes = next(one["allowed"] for one in deployment.contract["inputs"] if one["bicep"] == "authMode")
    for mode in modes:
        deployer = {
            (SOMEBODY, "Group", one["name"], one["scope"])
            for one in agreed["deployer"]
            if one.get("only_when", {}).get("authMode", mode) == mode
        }
        given = assigned(deployment, auth_mode=mode, deployer_principal_id=SOMEBODY, deployer_principal_type="Group")
        yield from _compared(deployment, f"with auth_mode {mode}", given, app | deployer)


def assigned(deployment: Deployment, **inputs: Any) -> set[Assigned]:
    """Each role that is assigned: to whom, what that is, which, and where."""
    evaluation = deployment.with_inputs(**inputs)
    found = set()
    for block in deployment.configuration.of_type("azurerm_role_assignment"):
        for names in evaluation.instances(block).values():
            who, what, role, scope = (
                evaluation.attribute(block, one, names)
                for one in ("principal_id", "principal_type", "role_definition_name", "scope")
            )
            found.add((str(who), str(what), str(role), _SCOPES.get(scope, scope)))
    return found


def _compared(deployment: Deployment, when: str, given: set[Assigned], wanted: set[Assigned]) -> Iterator[Finding]:
    for who, what, role, scope in sorted(wanted - given):
        yield deployment.finding("role", f"Roles {when}: {what} {who} does not get {role} on {scope}.")
    for who, what, role, scope in sorted(given - wanted):
        yield deployment.finding(
            "role", f"Roles {when}: {what} {who} gets {role} on {scope}, and contract.json knows of none."
        )
