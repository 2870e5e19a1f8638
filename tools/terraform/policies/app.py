"""The Function App, what it reads of the rest of the deployment, and the network that it does so through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.infra.findings import Finding
from tools.terraform.configuration import finding
from tools.terraform.nodes import Block
from tools.terraform.policies.deployment import Deployment, differing, inner
from tools.terraform.policies.settings import settings

_IDENTITY, _ACCOUNT = "<azurerm_user_assigned_identity.app.id>", "azurerm_storage_account.this"
_CLIENT = "<azurerm_user_assigned_identity.app.client_id>"
_SETTINGS = {
    "AzureWebJobsStorage__credential": "managedidentity",
    "AzureWebJobsStorage__clientId": _CLIENT,
    "AzureWebJobsStorage__blobServiceUri": f"<{_ACCOUNT}.primary_blob_endpoint>",
    "AzureWebJobsStorage__queueServiceUri": f"<{_ACCOUNT}.primary_queue_endpoint>",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "<azurerm_application_insights.this.connection_string>",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": f"ClientId={_CLIENT};Authorization=AAD",
    "AZURE_CLIENT_ID": _CLIENT,
    "KEY_VAULT": "<azurerm_key_vault.this.vault_uri>",
}
_ENDPOINTS = {
    "blob": (f"<{_ACCOUNT}.id>", "privatelink.blob.core.windows.net"),
    "queue": (f"<{_ACCOUNT}.id>", "privatelink.queue.core.windows.net"),
    "vault": ("<azurerm_key_vault.this.id>", "privatelink.vaultcore.azure.net"),
}
_FIRST = ("<azurerm_role_assignment.app>", "<azurerm_storage_container.this>")
_FIRST_OF_SETTINGS = ("<azapi_resource_action.connect_state_key>",)


def check_app(deployment: Deployment) -> Iterator[Finding]:
    """``app``: what Flex Consumption takes, and from where everything comes."""
    app, agreed, evaluation = _app(deployment), deployment.contract["app"], deployment.with_inputs()
    body = evaluation.attribute(app, "body")
    said = body["properties"]
    config, storage = said["functionAppConfig"], said["functionAppConfig"]["deployment"]["storage"]
    package = next(one for one in deployment.contract["containers"] if one != settings(deployment)["STORAGE_CONTAINER"])
    never = deployment.with_inputs(http_always_ready=0).attribute(app, "body")["properties"]["functionAppConfig"]
    yield from differing(
        app,
        "app",
        {
            "kind": (body["kind"], agreed["kind"]),
            "sku_name of its plan": (
                evaluation.attribute(deployment.only("azurerm_service_plan"), "sku_name"),
                agreed["plan"],
            ),
            "keyVaultReferenceIdentity": (said.get("keyVaultReferenceIdentity"), _IDENTITY),
            "runtime": (config["runtime"], agreed["runtime"]),
            "Where its package lies": (storage["value"], f"<{_ACCOUNT}.primary_blob_endpoint>{package}"),
            "As whom it reads its package": (storage["authentication"]["userAssignedIdentityResourceId"], _IDENTITY),
            "alwaysReady": (
                config["scaleAndConcurrency"]["alwaysReady"],
                [{"name": agreed["always_ready"], "instanceCount": 1}],
            ),
            "alwaysReady with none": (never["scaleAndConcurrency"]["alwaysReady"], []),
            "What siteConfig says and Flex Consumption refuses": (
                sorted(set(said["siteConfig"]) & set(agreed["not_in_site_config"])),
                [],
            ),
        },
    )
    given, told = settings(deployment), deployment.only("azapi_update_resource", "appsettings")
    for block, needed in ((app, _FIRST), (told, _FIRST_OF_SETTINGS)):
        for first in sorted(set(needed) - set(evaluation.attribute(block, "depends_on") or ())):
            yield finding(block, "app", f"It has to wait for {first.strip('<>')}: see depends_on.")
    yield from differing(told, "setting", {name: (given.get(name), value) for name, value in _SETTINGS.items()})
    for block in deployment.configuration.of_type("azapi_update_resource"):
        locks = evaluation.attribute(block, "locks")
        yield from differing(block, "app", {"locks": (locks, ["<azapi_resource.app.id>"])})


def check_network(deployment: Deployment) -> Iterator[Finding]:
    """``network``: with private networking, everything has its endpoint, and the app a subnet that also reaches out."""
    private = deployment.with_inputs(private_networking=True)
    endpoint, zone = deployment.only("azurerm_private_endpoint"), deployment.only("azurerm_private_dns_zone")
    connection, zones = inner(endpoint, "private_service_connection"), private.instances(zone)
    found = {
        service: (
            private.attribute(connection, "private_connection_resource_id", names),
            private.attribute(zone, "name", zones[service]) if service in zones else None,
        )
        for service, names in private.instances(endpoint).items()
    }
    yield from differing(
        endpoint,
        "network",
        {
            "Whether somebody has to approve it": (private.attribute(connection, "is_manual_connection"), False),
            "Its subnet": (private.attribute(endpoint, "subnet_id"), "<azurerm_subnet.private_endpoints[0].id>"),
        },
    )
    answered = {name: (where, _in_public_cloud(called)) for name, (where, called) in found.items()}
    yield from differing(endpoint, "network", {"The private endpoints and their zones": (answered, _ENDPOINTS)})
    subnets = list(deployment.configuration.of_type("azurerm_subnet"))
    prefixes = [str(private.attribute(one, "address_prefixes")) for one in subnets]
    if len(set(prefixes)) < len(prefixes):
        yield finding(subnets[0], "network", f"Subnets overlap: {', '.join(sorted(prefixes))}.")
    app = next(one for one in subnets if private.attribute(one, "name") == "app")
    delegated = private.attribute(inner(app, "delegation", "service_delegation"), "name")
    yield from differing(
        app,
        "network",
        {
            "The delegation": (delegated, "Microsoft.App/environments"),
            "Whether it reaches Microsoft Graph": (private.attribute(app, "default_outbound_access_enabled"), True),
        },
    )


def check_providers(deployment: Deployment) -> Iterator[Finding]:
    """``provider``: nothing is done with shared keys, and nothing from where a private network is closed."""
    evaluation = deployment.with_inputs()
    block = deployment.configuration.blocks["provider"]["azurerm"]
    yield from differing(
        block,
        "provider",
        {
            "storage_use_azuread": (evaluation.attribute(block, "storage_use_azuread"), True),
            "data_plane_available": (
                evaluation.attribute(inner(block, "features", "storage"), "data_plane_available"),
                False,
            ),
        },
    )


def _app(deployment: Deployment) -> Block:
    return next(one for one in deployment.configuration.of_type("azapi_resource") if one.labels[-1] == "app")


def _in_public_cloud(name: Any) -> Any:
    """The name of a zone, with what only Azure knows of the suffix of Key Vault."""
    return name if not isinstance(name, str) or "<" not in name else f"{name.partition('<')[0]}azure.net"
