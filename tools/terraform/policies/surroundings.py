"""The Key Vault, who may call the app, alerts, and tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.infra.findings import Finding
from tools.terraform.configuration import finding
from tools.terraform.facts import Facts
from tools.terraform.policies.deployment import SOMEBODY, Deployment, differing, inner

_ALERT = "azurerm_monitor_scheduled_query_rules_alert_v2"


def check_vault(deployment: Deployment) -> Iterator[Finding]:
    """``key-vault``."""
    vault, agreed = deployment.only("azurerm_key_vault"), deployment.contract["key_vault"]
    public, private = deployment.with_inputs(), deployment.with_inputs(private_networking=True)
    wanted = {
        "rbac_authorization_enabled": agreed["rbac"],
        "purge_protection_enabled": agreed["purge_protection"],
        "soft_delete_retention_days": agreed["soft_delete_days"],
        "sku_name": agreed["sku"],
        "public_network_access_enabled": True,
    }
    expected: dict[str, tuple[Any, Any]] = {
        name: (public.attribute(vault, name), value) for name, value in wanted.items()
    }
    expected["public_network_access_enabled in private"] = (
        private.attribute(vault, "public_network_access_enabled"),
        False,
    )
    expected["default_action in private"] = (private.attribute(inner(vault, "network_acls"), "default_action"), "Deny")
    yield from differing(vault, "key-vault", expected)


def check_authentication(deployment: Deployment) -> Iterator[Finding]:
    """``authentication``."""
    block, agreed = deployment.only("azapi_update_resource", "authsettingsV2"), deployment.contract["authentication"]
    on, off = (
        deployment.with_inputs(api_client_id=one, tenant_id=SOMEBODY).attribute(block, "body")["properties"]
        for one in (SOMEBODY, "")
    )
    directory = on["identityProviders"]["azureActiveDirectory"]
    audiences = [one.replace("{apiClientId}", SOMEBODY) for one in agreed["audiences"]]
    yield from differing(
        block,
        "authentication",
        {
            "Whether it is on with an api_client_id": (on["platform"]["enabled"], True),
            "Whether it is asked for with an api_client_id": (on["globalValidation"]["requireAuthentication"], True),
            "Whether it is on without": (off["platform"]["enabled"], False),
            "The answer to who is not signed in": (
                on["globalValidation"]["unauthenticatedClientAction"],
                f"Return{agreed['unauthenticated']}",
            ),
            "excludedPaths": (on["globalValidation"]["excludedPaths"], list(agreed["excluded_paths"])),
            "allowedAudiences": (directory["validation"]["allowedAudiences"], audiences),
            "clientId": (directory["registration"]["clientId"], SOMEBODY),
            "openIdIssuer": (
                directory["registration"]["openIdIssuer"],
                f"https://login.microsoftonline.com/{SOMEBODY}/v2.0",
            ),
        },
    )


def check_alerts(deployment: Deployment) -> Iterator[Finding]:
    """``alert``."""
    block, agreed = deployment.only(_ALERT), deployment.contract["alerts"]
    evaluation = deployment.with_inputs()
    instances = evaluation.instances(block)
    if set(instances) != set(agreed):
        yield finding(block, "alert", f"The alerts are {sorted(instances)}, and contract.json says {sorted(agreed)}.")
    criteria = inner(block, "criteria")
    yield from differing(
        block,
        "alert",
        {
            "What is counted": (evaluation.attribute(criteria, "time_aggregation_method"), "Count"),
            "How it is compared": (evaluation.attribute(criteria, "operator"), "GreaterThan"),
            "With what": (evaluation.attribute(criteria, "threshold"), 0),
            "Where it looks": (evaluation.attribute(block, "scopes"), ["<azurerm_log_analytics_workspace.this.id>"]),
            "Whether it is on": (evaluation.attribute(block, "enabled") is not False, True),
            "Whether a new workspace is excused": (evaluation.attribute(block, "skip_query_validation"), True),
        },
    )
    for name in sorted(set(instances) & set(agreed)):
        wanted, names = agreed[name], instances[name]
        query = deployment.top / "infra" / "queries" / wanted["query"]
        expected = {
            f"{what} of {name}": (evaluation.attribute(block, argument, names), wanted[what])
            for what, argument in {
                "severity": "severity",
                "window": "window_duration",
                "frequency": "evaluation_frequency",
                "meaning": "description",
            }.items()
        }
        try:
            read = evaluation.attribute(criteria, "query", names)
        except OSError as wrong:
            yield finding(block, "alert", f"The query of {name} cannot be read: {wrong.strerror} ({wrong.filename}).")
        else:
            expected[f"query of {name}"] = (read, query.read_text())
        yield from differing(block, "alert", expected)
    group = deployment.only("azurerm_monitor_action_group")
    told = deployment.with_inputs(alert_email="operators@contoso.com")
    yield from differing(
        group,
        "alert",
        {
            "How many are told without alert_email": (len(evaluation.instances(group)), 0),
            "Who is told with alert_email": (
                told.attribute(inner(group, "email_receiver"), "email_address"),
                "operators@contoso.com",
            ),
            "How many are told with alert_email": (len(told.instances(group)), 1),
            "Whom alerts tell": (
                evaluation.attribute(inner(block, "dynamic"), "for_each"),
                "<azurerm_monitor_action_group.operators>",
            ),
        },
    )


def check_tags(deployment: Deployment, facts: Facts) -> Iterator[Finding]:
    """``tag``: everything that takes tags says of which environment it is."""
    evaluation = deployment.with_inputs()
    for block in deployment.configuration.blocks["resource"].values():
        known = facts.find("resource", block.labels[0])
        if known is None or "tags" not in known.attributes:
            continue
        tags = evaluation.attribute(block, "tags") or {}
        expected = {"azd-env-name": (tags.get("azd-env-name"), "example")}
        if block.labels == ("azapi_resource", "app"):
            service = deployment.contract["tags"]["azd-service-name"].partition(",")[0]
            expected["azd-service-name"] = (tags.get("azd-service-name"), service)
        yield from differing(block, "tag", expected)
