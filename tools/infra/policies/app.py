"""The Function App: what Flex Consumption takes, and that what it is told of the rest of the deployment is that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.infra.declarations import Kind
from tools.infra.evaluating import evaluate
from tools.infra.findings import Finding
from tools.infra.origins import origin
from tools.infra.policies.settings import settings_given
from tools.infra.policies.tree import Deployed, Tree
from tools.infra.syntax import parts, properties, text, value_of, walk

_ENDPOINTS = "account.properties.primaryEndpoints"
SETTINGS = {
    "AzureWebJobsStorage__credential": "'managedidentity'",
    "AzureWebJobsStorage__clientId": "identity.properties.clientId",
    "AzureWebJobsStorage__blobServiceUri": f"{_ENDPOINTS}.blob",
    "AzureWebJobsStorage__queueServiceUri": f"{_ENDPOINTS}.queue",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "insights.properties.ConnectionString",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "'ClientId=${identity.properties.clientId};Authorization=AAD'",
    "AZURE_CLIENT_ID": "identity.properties.clientId",
    "KEY_VAULT": "vault.properties.vaultUri",
    "CONNECT_STATE_KEY": "'@Microsoft.KeyVault(SecretUri=${stateKey.properties.secretUri})'",
    "STORAGE_CONTAINER": "container.name",
}
"""Where the settings that follow from what is deployed come from; those of inputs are compared elsewhere."""


def check(tree: Tree) -> Iterator[Finding]:
    """``app``."""
    agreed = tree.contract["app"]
    for plan in tree.resources("Microsoft.Web/serverfarms"):
        sku = evaluate(value_of(plan.declared.value, "sku", "name"), plan.template)
        yield from _differs(plan, "The plan", sku, agreed["plan"])
    for site in tree.resources("Microsoft.Web/sites"):
        yield from _site(tree, site, agreed)
    for config in tree.resources("Microsoft.Web/sites/config"):
        if config.name == "appsettings":
            yield from _settings(tree, config)
    yield from _one_after_the_other(tree)
    for module in tree.main.of(Kind.MODULE):
        first = value_of(module.value, "dependsOn")
        if module.reference.endswith("app.bicep") and (first is None or "roles" not in map(text, walk(first))):
            yield tree.main.source.finding(module.symbol, "app", "It has to wait for its roles: see dependsOn.")


def _site(tree: Tree, site: Deployed, agreed: dict[str, Any]) -> Iterator[Finding]:
    body, template = site.declared.value, site.template
    config = value_of(body, "properties", "functionAppConfig")
    storage = ("deployment", "storage")
    of_site: tuple[tuple[str, tuple[str, ...], str], ...] = (
        ("kind", ("kind",), f"'{agreed['kind']}'"),
        ("The type of its identity", ("identity", "type"), "'UserAssigned'"),
        ("keyVaultReferenceIdentity", ("properties", "keyVaultReferenceIdentity"), "identity.id"),
    )
    of_config: tuple[tuple[str, tuple[str, ...], str], ...] = (
        ("The runtime", ("runtime", "name"), f"'{agreed['runtime']['name']}'"),
        ("The version of Python", ("runtime", "version"), f"'{agreed['runtime']['version']}'"),
        ("Where its package lies", (*storage, "value"), f"'${{{_ENDPOINTS}.blob}}${{deploymentContainer.name}}'"),
        (
            "As whom it reads its package",
            (*storage, "authentication", "userAssignedIdentityResourceId"),
            "identity.id",
        ),
    )
    for node, expected in ((body, of_site), (config, of_config)):
        for what, path, wanted in expected:
            yield from _differs(site, what, origin(tree, template, value_of(node, *path)), wanted)
    ready = value_of(config, "scaleAndConcurrency", "alwaysReady")
    for node in walk(ready) if ready is not None else ():
        if node.type == "object":
            yield from _differs(site, "alwaysReady", evaluate(value_of(node, "name"), template), agreed["always_ready"])
    refused = set(agreed["not_in_site_config"])
    written = value_of(body, "properties", "siteConfig")
    for one in properties(written) if written is not None else ():
        if one.name in refused:
            yield template.source.finding(one.key, "app", f"Flex Consumption refuses {one.name} in siteConfig.")


def _settings(tree: Tree, config: Deployed) -> Iterator[Finding]:
    united = value_of(config.declared.value, "properties")
    arguments = united.child_by_field_name("arguments") if united is not None else None
    if arguments is None or origin(tree, config.template, parts(arguments)[-1]) != "extraSettings":
        yield config.finding("app", "What an operator adds has to win: extraSettings comes last.")
    plain = {one.name for one in tree.main.of(Kind.PARAM) if one.stated is not None and text(one.stated) != "string"}
    for name, (template, key) in settings_given(tree, config):
        if key.parent is not None:
            given = origin(tree, template, parts(key.parent)[-1])
            if given in plain:
                yield template.source.finding(key, "app", f"{name} has to be text: string({given}).")
            if given != SETTINGS.get(name, given):
                yield template.source.finding(key, "app", f"{name} has to be {SETTINGS[name]}; it is {given}.")


def _one_after_the_other(tree: Tree) -> Iterator[Finding]:
    """What is changed of an app has to wait for one another, in whatever order: Azure refuses two changes at once."""
    changes = [
        one
        for type_ in ("Microsoft.Web/sites/config", "Microsoft.Web/sites/basicPublishingCredentialsPolicies")
        for one in tree.resources(type_)
    ]
    names = {one.declared.name for one in changes}
    waiting = {
        one.declared.name: {text(node) for node in walk(listed)} & names
        for one in changes
        if (listed := value_of(one.declared.value, "dependsOn")) is not None
    }
    awaited = [name for first in waiting.values() for name in first]
    if len(awaited) != len(set(awaited)) or len(awaited) != len(changes) - 1:
        for one in changes:
            if one.declared.name not in awaited or one.declared.name not in waiting:
                yield one.finding("app", "What is changed of an app has to wait for one another: see dependsOn.")


def _differs(one: Deployed, what: str, given: Any, wanted: Any) -> Iterator[Finding]:
    if given != wanted:
        yield one.finding("app", f"{what} has to be {wanted}; it is {given or 'missing'}.")
