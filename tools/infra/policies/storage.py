"""Storage: every queue and container that the code names is deployed, and no lifecycle rule touches what is in force."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connector.settings import known_settings
from connector.storage import names
from tools.infra.evaluating import UNKNOWN, evaluate
from tools.infra.findings import Finding
from tools.infra.policies.tree import Deployed, Tree
from tools.infra.syntax import parts, text, value_of

_ACCOUNT = "Microsoft.Storage/storageAccounts"


def queues_in_code() -> set[str]:
    """Every queue that the connector or its host names, those for messages that are put aside among them."""
    own = {value for name, value in vars(names).items() if name.endswith("_QUEUE")}
    return own | {queue + names.POISON_SUFFIX for queue in own}


def check(tree: Tree) -> Iterator[Finding]:
    """``queue-missing``, ``queue-unknown``, ``container-missing``, ``container-unknown``, ``lifecycle-unsafe``."""
    [account, *_] = tree.resources(_ACCOUNT)
    queues = _names(tree, "queueServices/queues")
    yield from _compared(account, "queue", queues, queues_in_code() | set(tree.contract["queues"]))
    [container] = [one.default for one in known_settings() if one.name == "STORAGE_CONTAINER"]
    containers = _names(tree, "blobServices/containers")
    yield from _compared(account, "container", containers, {str(container), *tree.contract["containers"]})
    for policy in tree.resources(f"{_ACCOUNT}/managementPolicies"):
        yield from _unsafe(policy, tree.contract["storage"]["lifecycle_rules"])


def _names(tree: Tree, type_: str) -> set[str]:
    return {name for one in tree.resources(f"{_ACCOUNT}/{type_}") for name in _names_of(one)}


def _names_of(one: Deployed) -> Iterator[str]:
    written = value_of(one.declared.value, "name")
    if one.declared.loop is None:
        value = evaluate(written, one.template)
        yield from [value] if isinstance(value, str) else []
        return
    variable, through, _ = parts(one.declared.loop)
    items = evaluate(through, one.template)
    for item in items if isinstance(items, list) else ():
        value = evaluate(written, one.template, {text(variable): item})
        yield from [value] if isinstance(value, str) else []


def _compared(account: Deployed, what: str, deployed: set[str], wanted: set[str]) -> Iterator[Finding]:
    for name in sorted(wanted - deployed):
        yield account.finding(f"{what}-missing", f"The {what} {name} is not deployed.")
    for name in sorted(deployed - wanted):
        yield account.finding(f"{what}-unknown", f"Nobody uses the {what} {name}.")


def _unsafe(policy: Deployed, known: dict[str, Any]) -> Iterator[Finding]:
    """Rules that the contract does not know as safe: by name, by what they delete, and below which prefixes."""
    body = policy.declared.value
    written = value_of(body, "properties", "policy", "rules")
    rules = evaluate(written, policy.template)
    for rule in rules if isinstance(rules, list) else [UNKNOWN]:
        if not isinstance(rule, dict) or rule.get("name") not in known:
            yield policy.finding("lifecycle-unsafe", "A lifecycle rule is not known to contract.json.")
            continue
        agreed, definition = known[rule["name"]], rule["definition"]
        prefixes = [prefix.replace("{tenant id}", "?") for prefix in agreed["prefixes"]]
        deletes = {"versions": "version", "snapshots": "snapshot", "base blobs": "baseBlob"}
        actions = {deletes[one] for one in agreed["deletes"]}
        days = {days for action in definition["actions"].values() for days in action["delete"].values()}
        same = definition["filters"]["prefixMatch"] == prefixes and set(definition["actions"]) == actions
        if not same or days != {agreed["after_days"]}:
            message = f"The rule {rule['name']} is not what contract.json knows as safe."
            yield policy.finding("lifecycle-unsafe", message)
