"""The contract of the ways of deploying says nothing else than the code does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector.settings import Auth, Cloud, known_settings
from connector.storage import names

CONTRACT = json.loads((Path(__file__).resolve().parents[2] / "infra" / "contract.json").read_text())
SETTINGS = {one.name: one for one in known_settings()}
INPUTS = [one for one in CONTRACT["inputs"] if "setting" in one]


def test_each_setting_that_is_an_input_has_one_and_each_input_of_a_setting_sets_it() -> None:
    said = {name for name, how in CONTRACT["settings"]["connector"].items() if how == "input"}

    assert sorted(one["setting"] for one in INPUTS) == sorted(said)


OWN_DEFAULTS = {"ENTRA_TENANT_ID", "ENTRA_CLOUD", "ENTRA_AUTH", "ENTRA_CLIENT_SECRET_NAME", "ENTRA_CERTIFICATE_NAME"}
"""What a deployment knows better: it has a tenant, a cloud, an identity, and a Key Vault with names in it."""


@pytest.mark.parametrize(
    "one", [one for one in INPUTS if one["setting"] not in OWN_DEFAULTS], ids=lambda one: one["bicep"]
)
def test_an_input_has_the_default_of_its_setting(one) -> None:
    default = one["default"]

    assert (default if isinstance(default, str) else json.dumps(default)) == SETTINGS[one["setting"]].default


def test_an_input_allows_what_the_setting_may_be() -> None:
    allowed = {one["setting"]: set(one["allowed"]) for one in INPUTS if "allowed" in one}

    assert allowed == {
        "ENTRA_AUTH": {auth.value for auth in Auth} - {Auth.AUTO.value},
        "ENTRA_CLOUD": {cloud.value for cloud in Cloud} | {""},
    }


@pytest.mark.parametrize("one", CONTRACT["inputs"], ids=lambda one: one["bicep"])
def test_an_input_is_called_alike_everywhere(one) -> None:
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in one["bicep"].replace("MB", "Mb"))

    assert one["terraform"] == words


def test_a_lifecycle_rule_deletes_only_below_the_prefix_of_hours() -> None:
    [hours] = [rule for rule in CONTRACT["storage"]["lifecycle_rules"].values() if "base blobs" in rule["deletes"]]
    tenant = names.Names("{tenant id}")

    [prefix] = hours["prefixes"]
    blob = tenant.operations + "hours/"
    assert prefix == f"entra/{blob}"
    in_force = (
        tenant.current,
        tenant.policy,
        tenant.lines,
        tenant.audit,
        tenant.journal,
        tenant.snapshots,
        tenant.syncs,
    )
    assert not any(f"entra/{name}".startswith(prefix) for name in in_force)
