"""Switches that have to be as they are, names such as Azure takes, and outputs that are what they are called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tools.infra.findings import Finding
from tools.infra.policies.naming import EVERYWHERE, PATTERNS
from tools.terraform.configuration import finding
from tools.terraform.policies.deployment import Deployment, differing, inner

SWITCHES: tuple[tuple[str, str, Any], ...] = (
    ("azurerm_storage_container", "container_access_type", "private"),
    ("azurerm_log_analytics_workspace", "local_authentication_enabled", False),
    ("azurerm_application_insights", "local_authentication_enabled", False),
)
"""Resource type, argument, value."""

_TYPES = {
    "azurerm_resource_group": "Microsoft.Resources/resourceGroups",
    "azurerm_storage_account": "Microsoft.Storage/storageAccounts",
    "azurerm_key_vault": "Microsoft.KeyVault/vaults",
    "azapi_resource": "Microsoft.Web/sites",
    "azurerm_service_plan": "Microsoft.Web/serverfarms",
    "azurerm_user_assigned_identity": "Microsoft.ManagedIdentity/userAssignedIdentities",
    "azurerm_log_analytics_workspace": "Microsoft.OperationalInsights/workspaces",
    "azurerm_application_insights": "Microsoft.Insights/components",
    "azurerm_monitor_action_group": "Microsoft.Insights/actionGroups",
    "azurerm_virtual_network": "Microsoft.Network/virtualNetworks",
}
_LONGEST = 32  # characters of the name of an environment
_LOGS = {
    ("<azurerm_storage_account.this.id>/blobServices/default", "StorageDelete"),
    ("<azurerm_key_vault.this.id>", "audit"),
}
_OUTPUTS = {
    "identity_principal_id": "<azurerm_user_assigned_identity.app.principal_id>",
    "identity_client_id": "<azurerm_user_assigned_identity.app.client_id>",
    "key_vault_uri": "<azurerm_key_vault.this.vault_uri>",
    "function_app_name": "<azapi_resource.app.name>",
    "storage_account_name": "<azurerm_storage_account.this.name>",
    "key_vault_name": "<azurerm_key_vault.this.name>",
    "resource_group_name": "<azurerm_resource_group.this.name>",
    "application_insights_name": "<azurerm_application_insights.this.name>",
}


def check_switches(deployment: Deployment) -> Iterator[Finding]:
    """``not-hardened``."""
    evaluation = deployment.with_inputs()
    for type_, name, wanted in SWITCHES:
        for block in deployment.configuration.of_type(type_):
            yield from differing(block, "not-hardened", {name: (evaluation.attribute(block, name), wanted)})
    app = deployment.only("azapi_resource")
    said = evaluation.attribute(app, "body")["properties"]
    passwords = deployment.configuration.blocks["resource"]["azapi_update_resource.publishing"]
    yield from differing(
        app,
        "not-hardened",
        {
            "httpsOnly": (said.get("httpsOnly"), True),
            "minTlsVersion": (said["siteConfig"].get("minTlsVersion"), "1.2"),
            "Whether passwords publish": (evaluation.attribute(passwords, "body")["properties"]["allow"], False),
        },
    )
    features = inner(deployment.configuration.blocks["provider"]["azurerm"], "features", "key_vault")
    purged = evaluation.attribute(features, "purge_soft_delete_on_destroy")
    yield from differing(features, "not-hardened", {"purge_soft_delete_on_destroy": (purged, False)})


def check_logs(deployment: Deployment) -> Iterator[Finding]:
    """``log``: who deletes blobs, and who reads secrets, is logged."""
    evaluation, found = deployment.with_inputs(), set()
    for block in deployment.configuration.of_type("azurerm_monitor_diagnostic_setting"):
        kept = inner(block, "enabled_log")
        category = evaluation.attribute(kept, "category") or evaluation.attribute(kept, "category_group")
        found.add((evaluation.attribute(block, "target_resource_id"), category))
    for of, category in sorted(_LOGS - found):
        yield deployment.finding("log", f"{category} of {of} is not logged.")


def check_names(deployment: Deployment) -> Iterator[Finding]:
    """``name``: such as Azure takes, however long that of the environment is, and of this environment alone."""
    longest, another = (
        deployment.with_inputs(environment_name=letter * _LONGEST, private_networking=True) for letter in "ex"
    )
    for type_, known in _TYPES.items():
        for block in deployment.configuration.of_type(type_):
            name = str(longest.attribute(block, "name"))
            if not re.fullmatch(PATTERNS[known], name):
                yield finding(block, "name", f"Azure takes no {known} called {name}, and that is what it may be.")
            if known in EVERYWHERE and name == another.attribute(block, "name"):
                yield finding(block, "name", f"{name} is taken once in all of Azure, and two environments have it.")


def check_outputs(deployment: Deployment) -> Iterator[Finding]:
    """``output``."""
    evaluation = deployment.with_inputs()
    for name, wanted in _OUTPUTS.items():
        block = deployment.configuration.outputs[name]
        yield from differing(block, "output", {name: (evaluation.attribute(block, "value"), wanted)})
