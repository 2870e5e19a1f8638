"""The storage account: who gets in, which containers and queues there are, and what may be deleted by age."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.infra.findings import Finding
from tools.terraform.configuration import finding
from tools.terraform.nodes import Block
from tools.terraform.policies.deployment import Deployment, differing, inner

_OTHERS = "others"
_DELETES = {
    "versions": ("version", "delete_after_days_since_creation"),
    "snapshots": ("snapshot", "delete_after_days_since_creation_greater_than"),
    "base blobs": ("base_blob", "delete_after_days_since_modification_greater_than"),
}


def check(deployment: Deployment) -> Iterator[Finding]:
    """``storage``, ``queue``, ``container`` and ``lifecycle``."""
    account, agreed = deployment.only("azurerm_storage_account"), deployment.contract["storage"]
    yield from differing(account, "storage", _account(deployment, account, agreed))
    queues = set(deployment.contract["queues"])
    yield from _names(deployment, "queue", queues)
    yield from _names(deployment, "queue", queues | {_OTHERS}, changes_output_queue=_OTHERS)
    yield from _names(deployment, "container", set(deployment.contract["containers"]))
    yield from _lifecycle(deployment, agreed["lifecycle_rules"])


def _account(deployment: Deployment, account: Block, agreed: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    public, private = deployment.with_inputs(), deployment.with_inputs(private_networking=True)
    blobs, rules = inner(account, "blob_properties"), inner(account, "network_rules")
    wanted = {
        "shared_access_key_enabled": agreed["shared_keys"],
        "allow_nested_items_to_be_public": agreed["public_blobs"],
        "min_tls_version": f"TLS{agreed['minimum_tls'].replace('.', '_')}",
        "https_traffic_only_enabled": agreed["https_only"],
        "default_to_oauth_authentication": agreed["default_to_entra_authentication"],
        "cross_tenant_replication_enabled": False,
        "local_user_enabled": False,
        "public_network_access": "Enabled",
    }
    days, policies = agreed["soft_delete_days"], ("delete_retention_policy", "container_delete_retention_policy")
    kept = [public.attribute(inner(blobs, one), "days") for one in policies]
    return {
        **{name: (public.attribute(account, name), value) for name, value in wanted.items()},
        "public_network_access in private": (
            private.attribute(account, "public_network_access"),
            "Disabled",
        ),
        "default_action in private": (private.attribute(rules, "default_action"), "Deny"),
        "bypass": (private.attribute(rules, "bypass"), [agreed["network_bypass"]]),
        "versioning_enabled": (public.attribute(blobs, "versioning_enabled"), agreed["versioning"]),
        "Days of soft delete": (kept, [days["blobs"], days["containers"]]),
    }


def _names(deployment: Deployment, what: str, wanted: set[str], **inputs: Any) -> Iterator[Finding]:
    evaluation = deployment.with_inputs(**inputs)
    block = deployment.only(f"azurerm_storage_{what}")
    given = {evaluation.attribute(block, "name", names) for names in evaluation.instances(block).values()}
    for name in sorted(wanted - given):
        yield finding(block, what, f"The {what} {name} is not deployed.")
    for name in sorted(given - wanted):
        yield finding(block, what, f"Nobody uses the {what} {name}.")


def _lifecycle(deployment: Deployment, agreed: dict[str, Any]) -> Iterator[Finding]:
    policy, evaluation = (
        deployment.only("azurerm_storage_management_policy"),
        deployment.with_inputs(tenant_id="{tenant id}"),
    )
    given = {evaluation.attribute(rule, "name"): rule for rule in policy.blocks}
    if set(given) != set(agreed):
        yield finding(policy, "lifecycle", f"The rules are {sorted(given)}, and contract.json says {sorted(agreed)}.")
    for name in set(given) & set(agreed):
        rule, known = given[name], agreed[name]
        deleted = {
            (action.type, attribute.name, evaluation.of(attribute.value))
            for action in inner(rule, "actions").blocks
            for attribute in action.attributes.values()
        }
        expected = {
            f"The prefixes of {name}": (
                evaluation.attribute(inner(rule, "filters"), "prefix_match"),
                known["prefixes"],
            ),
            f"What {name} does": (deleted, {(*_DELETES[one], known["after_days"]) for one in known["deletes"]}),
        }
        yield from differing(rule, "lifecycle", expected)
