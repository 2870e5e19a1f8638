"""Whatever the tenant, and whatever the switches: the published snapshot is the tenant's truth."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.sync.local import run_full_sync
from emulators.graph import GraphEmulator, Variants
from emulators.graph.tenant.generator import generate
from emulators.graph.tenant.tenant import Tenant
from tests.support.deployments import deploy

EVERYTHING_OFF_OR_ON = [
    {},
    {
        "SKIP_AD_GROUPS": "true",
        "SKIP_UNASSIGNED_APPS": "true",
        "SIGN_IN_ACTIVITY": "true",
        "MAILBOX_PURPOSE": "true",
        "INHERITED_GRANTS": "privileged",
    },
]


def check(
    tenant: Tenant, storage: str, folder: Path, switches: dict[str, str], variants: Variants | None = None
) -> None:
    with GraphEmulator(tenant, variants=variants) as graph:
        deployment = deploy(graph, storage, switches)
        asyncio.run(run_full_sync(deployment.settings))
        manifest, picture = deployment.snapshot(folder)

        assert deployment.untruths(picture) == []
        assert manifest.incomplete == {}


@pytest.mark.parametrize("switches", EVERYTHING_OFF_OR_ON, ids=["defaults", "all switched"])
@pytest.mark.parametrize(("users", "seed"), [(0, 1), (1, 2), (5, 3), (50, 4), (300, 5), (2000, 6)])
def test_sizes(users, seed, switches, storage_account, tmp_path):
    check(generate(users=users, seed=seed), storage_account, tmp_path, switches)


@pytest.mark.parametrize("seed", range(100, 112))
def test_seeds(seed, storage_account, tmp_path):
    check(generate(users=120, groups=90, seed=seed), storage_account, tmp_path, {})


@pytest.mark.parametrize("value", ["true", "false"])
@pytest.mark.parametrize("switch", ["SKIP_AD_GROUPS", "SKIP_UNASSIGNED_APPS", "SIGN_IN_ACTIVITY", "MAILBOX_PURPOSE"])
def test_each_switch_alone(switch, value, storage_account, tmp_path):
    check(generate(users=150, seed=11), storage_account, tmp_path, {switch: value})


@pytest.mark.parametrize("value", ["all", "privileged", "off"])
def test_how_much_is_derived(value, storage_account, tmp_path):
    check(generate(users=150, seed=12), storage_account, tmp_path, {"INHERITED_GRANTS": value})


def test_a_tenant_with_nothing_in_it(storage_account, tmp_path):
    check(Tenant.empty(), storage_account, tmp_path, {})


def some_switches() -> st.SearchStrategy[dict[str, str]]:
    either = st.sampled_from(["true", "false"])
    return st.fixed_dictionaries(
        dict.fromkeys(("SKIP_AD_GROUPS", "SKIP_UNASSIGNED_APPS", "SIGN_IN_ACTIVITY", "MAILBOX_PURPOSE"), either)
        | {"INHERITED_GRANTS": st.sampled_from(["all", "privileged", "off"])}
    )


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(1000, 9999), users=st.integers(0, 80), switches=some_switches())
def test_any_tenant_under_any_switches(seed, users, switches, new_storage_account, tmp_path_factory):
    check(generate(users=users, seed=seed), new_storage_account(), tmp_path_factory.mktemp("cache"), switches)
