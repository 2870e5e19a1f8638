"""The app gets the settings of the contract, each from the input that it stands for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.infra.findings import Finding
from tools.terraform.configuration import finding
from tools.terraform.policies.deployment import Deployment, differing


def settings(deployment: Deployment, **inputs: Any) -> dict[str, Any]:
    """The settings of the app with these inputs.

    Raises:
        LookupError: the app gets none.
    """
    block = deployment.only("azapi_update_resource", "appsettings")
    found: dict[str, Any] = deployment.with_inputs(**inputs).attribute(block, "body")["properties"]
    return found


def check(deployment: Deployment) -> Iterator[Finding]:
    """``setting``."""
    block = deployment.only("azapi_update_resource", "appsettings")
    agreed = deployment.contract["settings"]
    wanted, given = {*agreed["host"], *agreed["connector"]}, settings(deployment)
    for name in sorted(wanted - set(given)):
        yield finding(block, "setting", f"The app does not get {name}.")
    for name in sorted(set(given) - wanted):
        yield finding(block, "setting", f"contract.json knows no setting {name}.")
    for one in deployment.contract["inputs"]:
        if one.get("setting") in given:
            yield from differing(block, "setting", _followed(deployment, one))
    secrets = deployment.contract["secrets"]
    further = settings(deployment, extra_settings={"SYNC_SCHEDULE": "0 0 1 * * *"})
    expected = {"SYNC_SCHEDULE of extra_settings": (further["SYNC_SCHEDULE"], "0 0 1 * * *")}
    for name, secret in secrets.items():
        reference = f"@Microsoft.KeyVault(SecretUri=<azurerm_key_vault.this.vault_uri>secrets/{name})"
        expected[secret["setting"]] = (given.get(secret["setting"]), reference)
    yield from differing(block, "setting", expected)


def _followed(deployment: Deployment, one: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The setting of an input with its default, with another value, and where it does not count."""
    name, setting = one["terraform"], one["setting"]
    when = deployment.named(one.get("only_when", {}))
    other: Any = f"another {name}"
    if one["type"] == "bool":
        other = not one["default"]
    elif one["type"] == "int":
        other = one["default"] + 1
    elif "allowed" in one:
        other = one["allowed"][-1]
    found = settings(deployment, **{**when, name: other})[setting]
    expected: dict[str, tuple[Any, Any]] = {
        f"{setting} with {name} {other!r}": (found, str(other).lower() if isinstance(other, bool) else str(other))
    }
    if when:
        expected[f"{setting} where it does not count"] = (settings(deployment, **{name: other})[setting], "")
    if one["terraform"] in ("tenant_id", "entra_cloud", "notification_url"):
        expected[f"Whether {setting} is left empty"] = (settings(deployment)[setting] == "", False)
    return expected
