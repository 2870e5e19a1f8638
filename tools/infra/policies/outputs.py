"""Outputs are what they are called, roles are for the app, and everything says of which environment it is."""

from __future__ import annotations

from collections.abc import Iterator

from tools.infra.declarations import Kind
from tools.infra.findings import Finding
from tools.infra.origins import origin
from tools.infra.policies.tree import Deployed, Tree
from tools.infra.resources import full_type
from tools.infra.syntax import value_of

OUTPUTS = {
    "FUNCTION_APP_NAME": "app.name",
    "FUNCTION_APP_URL": "'https://${app.properties.defaultHostName}'",
    "IDENTITY_PRINCIPAL_ID": "identity.properties.principalId",
    "IDENTITY_CLIENT_ID": "identity.properties.clientId",
    "STORAGE_ACCOUNT_NAME": "account.name",
    "KEY_VAULT_NAME": "vault.name",
    "KEY_VAULT_URI": "vault.properties.vaultUri",
    "AZURE_RESOURCE_GROUP": "group.name",
    "APPLICATION_INSIGHTS_NAME": "insights.name",
}
"""Where each comes from."""

PRINCIPALS = frozenset({"identity.properties.principalId", "deployerPrincipalId"})
"""Who is given roles."""

_TAG = "'azd-env-name':environmentName"
_WITHOUT_TAGS = frozenset(
    {
        "microsoft.authorization/roleassignments",
        "microsoft.insights/diagnosticsettings",
        "microsoft.keyvault/vaults/secrets",
    }
)
"""Types that take none, or belong to what has them."""

_TAGGED_DEPTH = 2  # parts of a type that is no child of another: Microsoft.Storage/storageAccounts


def check(tree: Tree) -> Iterator[Finding]:
    """``output``, ``principal``, ``tag``."""
    for name, wanted in OUTPUTS.items():
        declared = tree.main.outputs.get(name)
        given = origin(tree, tree.main, declared.value) if declared else ""
        if declared and given != wanted:
            yield tree.main.source.finding(declared.symbol, "output", f"{name} has to be {wanted}; it is {given}.")
    for one in tree.resources("Microsoft.Authorization/roleAssignments"):
        principal = origin(tree, one.template, value_of(one.declared.value, "properties", "principalId"))
        if principal not in PRINCIPALS:
            yield one.finding("principal", f"{principal or 'Nobody'} is given a role.")
    for template in tree.templates.values():
        for declared in template.of(Kind.RESOURCE):
            yield from _tagged(tree, Deployed(template, declared))


def _tagged(tree: Tree, one: Deployed) -> Iterator[Finding]:
    type_ = full_type(one.declared)[0].lower()
    if one.declared.existing or type_ in _WITHOUT_TAGS or len(type_.split("/")) > _TAGGED_DEPTH:
        return
    if _TAG not in origin(tree, one.template, value_of(one.declared.value, "tags")):
        yield one.finding("tag", "It does not say of which environment it is: tags.")
