"""Switches that have to be as they are, wherever such a resource is deployed."""

from __future__ import annotations

from collections.abc import Iterator

from tools.infra.evaluating import evaluate
from tools.infra.findings import Finding
from tools.infra.policies.tree import Tree
from tools.infra.syntax import value_of

_ACCOUNT, _BLOBS = "Microsoft.Storage/storageAccounts", "Microsoft.Storage/storageAccounts/blobServices"
_VAULT, _SITE = "Microsoft.KeyVault/vaults", "Microsoft.Web/sites"

SWITCHES: tuple[tuple[str, str, str | int], ...] = (
    (_ACCOUNT, "allowSharedKeyAccess", False),
    (_ACCOUNT, "allowBlobPublicAccess", False),
    (_ACCOUNT, "allowCrossTenantReplication", False),
    (_ACCOUNT, "defaultToOAuthAuthentication", True),
    (_ACCOUNT, "minimumTlsVersion", "TLS1_2"),
    (_ACCOUNT, "supportsHttpsTrafficOnly", True),
    # What carries lifecycle rules out, and deployments that write a secret, are services that Azure trusts.
    (_ACCOUNT, "networkAcls.bypass", "AzureServices"),
    (_VAULT, "networkAcls.bypass", "AzureServices"),
    (_BLOBS, "deleteRetentionPolicy.enabled", True),
    (_BLOBS, "deleteRetentionPolicy.days", 7),
    (_BLOBS, "containerDeleteRetentionPolicy.days", 7),
    (_BLOBS, "containerDeleteRetentionPolicy.enabled", True),
    (f"{_BLOBS}/containers", "publicAccess", "None"),
    (_VAULT, "enableRbacAuthorization", True),
    (_VAULT, "enablePurgeProtection", True),
    (_VAULT, "enableSoftDelete", True),
    (_SITE, "httpsOnly", True),
    (_SITE, "siteConfig.minTlsVersion", "1.2"),
    (f"{_SITE}/basicPublishingCredentialsPolicies", "allow", False),
    ("Microsoft.OperationalInsights/workspaces", "features.disableLocalAuth", True),
    ("Microsoft.Insights/components", "DisableLocalAuth", True),
    ("Microsoft.Insights/scheduledQueryRules", "enabled", True),
    ("Microsoft.Insights/scheduledQueryRules", "skipQueryValidation", True),
)
"""Resource type, property below ``properties``, value."""


def check(tree: Tree) -> Iterator[Finding]:
    """``not-hardened``."""
    for type_, path, wanted in SWITCHES:
        for one in tree.resources(type_):
            body = one.declared.value
            written = value_of(body, "properties", *path.split("."))
            if evaluate(written, one.template) != wanted:
                message = f"{path} of {type_} has to be {str(wanted).lower() if isinstance(wanted, bool) else wanted}."
                yield (
                    one.template.source.finding(written, "not-hardened", message)
                    if written is not None
                    else one.finding("not-hardened", message)
                )
