"""Whichever of its possible behaviours Graph shows: the published snapshot is the tenant's truth, and complete."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connector.sync.local import run_full_sync
from emulators.graph import GraphEmulator, Variants
from emulators.graph.tenant.generator import generate
from emulators.graph.tenant.tenant import Tenant
from tests.support.deployments import deploy

EVERYTHING_READ = {"SIGN_IN_ACTIVITY": "true", "MAILBOX_PURPOSE": "true"}
COMBINATIONS = int(os.environ.get("VARIANT_COMBINATIONS", "4"))
"""How many random combinations are tried; more of them, such as 500 with ``--timeout 0``, after a change."""

OTHER_VALUES: dict[str, list[Any]] = {
    "consent_refusal": ["captured"],
    "device_code_interval": [1],
    "delta_page_size": [2],
    "delta_replays": [3],
    "delta_reset_code": ["syncStateNotFound"],
    "delta_slice_size": [3],
    "longest_secret_days": [90],
    "new_object_seconds": [5],
    "notification_profile": ["older"],
    "page_token_seconds": [60],
    "pim_provisioning_seconds": [5],
    "read_lag_changes": [5],
    "read_lag_seconds": [0.5],
    "refusal_wording": ["older"],
    "sign_in_page_size": [7],
    "throttle_body": ["directory", "unknown_error"],
}
"""Values to try of switches that are no yes or no."""


def other_values(switch: dataclasses.Field[Any]) -> list[Any]:
    """What ``switch`` can be besides its default."""
    if isinstance(switch.default, bool):
        return [not switch.default]
    assert switch.name in OTHER_VALUES, f"say here which values of the new switch {switch.name} to try"
    return OTHER_VALUES[switch.name]


SHOW_ELSEWHERE = {
    "delta_replays",
    "delta_reports_purged_members",
    "delta_reset_code",
    "read_lag_changes",
    "read_lag_seconds",
    "federation_refusal_says_why",
    "notification_profile",
    "notifications_carry_members",
    "subscriptions_refuse_duplicates",
    "pim_provisioning_seconds",
    "pim_refusal_names_scopes",
    "pim_schedules_ahead",
    "batch_text_as_base64",
    "refusal_wording",
    "retry_after",
    "throttle_body",
    "consent_refusal",
    "device_code_interval",
    "device_code_slow_down",
    "longest_secret_days",
    "new_object_seconds",
    "users_register_applications",
}
"""Switches that a sync of a tenant that nobody changes, nothing refused and nothing throttled, should not even notice."""

SWITCHES = dataclasses.fields(Variants)
EACH_ALONE = [
    (switch.name, value) for switch in SWITCHES if switch.name not in SHOW_ELSEWHERE for value in other_values(switch)
]


@pytest.fixture(scope="module")
def tenant() -> Iterator[Tenant]:
    """A tenant with something deleted and something scoped, so that every behaviour has something to show itself on."""
    with_everything = generate(users=30, groups=30, apps=6, seed=21)
    yield with_everything
    with_everything.close()


@pytest.fixture
def check(
    tenant: Tenant, new_storage_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Variants], None]:
    """Runs a full sync against the tenant as these ``variants`` show it, and compares."""

    def run(variants: Variants) -> None:
        with GraphEmulator(tenant, variants=variants) as graph:
            deployment = deploy(graph, new_storage_account(), EVERYTHING_READ)
            asyncio.run(run_full_sync(deployment.settings))
            manifest, picture = deployment.snapshot(tmp_path_factory.mktemp("cache"))
            assert deployment.untruths(picture) == []
            assert manifest.incomplete == {}

    return run


@pytest.mark.parametrize(("switch", "value"), EACH_ALONE, ids=str)
def test_each_switch_alone(switch, value, check):
    check(Variants(**{switch: value}))


def test_switches_that_show_elsewhere(check):
    switches = (switch for switch in SWITCHES if switch.name in SHOW_ELSEWHERE)
    check(Variants(**{switch.name: other_values(switch)[0] for switch in switches}))


def combinations() -> st.SearchStrategy[Variants]:
    return st.builds(
        Variants,
        **{switch.name: st.sampled_from([switch.default, *other_values(switch)]) for switch in SWITCHES},
    )


@settings(
    max_examples=COMBINATIONS,
    phases=[Phase.reuse, Phase.generate],  # a combination that fails says enough, and to make it smaller takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(variants=combinations())
def test_any_combination(variants, check):
    check(variants)
