"""Names of resources: such as Azure takes however long the environment's name is, and nobody else's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.infra.findings import Finding
from tools.infra.origins import origin
from tools.infra.policies.tree import Tree
from tools.infra.syntax import constant, value_of

_WORDS = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{{{0},{1}}}[a-zA-Z0-9])?"
PATTERNS = {
    "Microsoft.Resources/resourceGroups": r"[\w().-]{0,89}[\w()-]",
    "Microsoft.Storage/storageAccounts": r"[a-z0-9]{3,24}",
    "Microsoft.KeyVault/vaults": r"(?!.*--)[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]",
    # An app may have 60; the host keeps the first 32 as its id, by which apps that share storage are told apart.
    "Microsoft.Web/sites": _WORDS.format(0, 30),
    "Microsoft.Web/serverfarms": r"[a-zA-Z0-9-]{1,60}",
    "Microsoft.ManagedIdentity/userAssignedIdentities": r"[a-zA-Z0-9][\w-]{2,127}",
    "Microsoft.OperationalInsights/workspaces": _WORDS.format(2, 61),
    "Microsoft.Insights/components": r"[^%&\\?/]{0,259}[^%&\\?/. ]",
    "Microsoft.Insights/actionGroups": r"[^:<>+/&%\\?|]{0,259}[^:<>+/&%\\?|. ]",
    "Microsoft.Network/virtualNetworks": r"[a-zA-Z0-9][\w.-]{0,62}\w",
}
"""By type, names that Azure takes (https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules)."""

EVERYWHERE = ("Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults", "Microsoft.Web/sites")
"""Types whose names are taken once in all of Azure."""

_UNIQUE = re.compile(r"\$\{uniqueString\(([^()]*(?:\(\)[^()]*)*)\)\}")
_UNIQUE_LENGTH = 13  # characters that uniqueString() gives
_TOLD_APART_BY = ("subscription().id", "environmentName")


def check(tree: Tree) -> Iterator[Finding]:
    """``name``."""
    longest = _longest_environment(tree)
    for type_, pattern in PATTERNS.items():
        for one in tree.resources(type_):
            written = value_of(one.declared.value, "name")
            came = origin(tree, one.template, written)
            given = _UNIQUE.findall(came)
            if type_ in EVERYWHERE and not (given and all(part in given[0] for part in _TOLD_APART_BY)):
                message = f"It is taken once in all of Azure: uniqueString has to be of {' and '.join(_TOLD_APART_BY)}."
                yield one.finding("name", message)
            name = _UNIQUE.sub("u" * _UNIQUE_LENGTH, came).replace("${environmentName}", longest)[1:-1]
            if "${" not in name and not re.fullmatch(pattern, name):
                yield one.finding("name", f"Azure takes no {type_} called {name}, and that is what it may be.")


def _longest_environment(tree: Tree) -> str:
    declared = tree.main.find("environmentName")
    limit = constant(declared.decorators["maxLength"][0]) if declared and "maxLength" in declared.decorators else None
    return "e" * limit if isinstance(limit, int) else "${environmentName}"
