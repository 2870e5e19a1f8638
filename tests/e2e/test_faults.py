"""Whatever goes wrong on the way: the snapshot is the truth, or says what is missing and is the truth in all else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from emulators.graph import Fault, GraphEmulator
from emulators.graph.tenant.generator import generate
from tests.support.deployments import Deployment, deploy
from tests.support.haste import in_haste
from tests.support.outcomes import sync

EVERYTHING_READ = {"SIGN_IN_ACTIVITY": "true", "MAILBOX_PURPOSE": "true"}
COMBINATIONS = int(os.environ.get("FAULT_COMBINATIONS", "8"))
"""How many random combinations are tried; more of them, such as 500 with ``--timeout 0``, after a change."""

FOR_EVER = 100_000
"""More calls than a sync makes."""


@pytest.fixture(scope="module", autouse=True)
def _haste() -> Iterator[None]:
    with in_haste():
        yield


@pytest.fixture(scope="module")
def graph() -> Iterator[GraphEmulator]:
    """A tenant that does not change, behind a Graph that will."""
    tenant = generate(users=30, groups=30, apps=6, seed=22)
    with GraphEmulator(tenant) as running:
        yield running
    tenant.close()


@pytest.fixture(scope="module")
def known(
    graph: GraphEmulator, new_storage_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Deployment:
    """A deployment that has read the tenant in peace once."""
    deployment = deploy(graph, new_storage_account(), EVERYTHING_READ)
    outcome = sync(deployment, tmp_path_factory.mktemp("peace"))
    assert (outcome.untruths, outcome.manifest.incomplete) == ([], {})
    return deployment


@pytest.fixture
def unknown(graph: GraphEmulator, storage_account: str) -> Deployment:
    """A deployment that has never seen the tenant."""
    return deploy(graph, storage_account, EVERYTHING_READ)


LISTS = (
    r"/v1.0/users\?.*displayName",
    r"/v1.0/users\?.*signInActivity",
    r"/v1.0/groups\?",
    r"/v1.0/groups/delta",
    r"/v1.0/servicePrincipals\?",
    "appRoleAssignedTo",
    "synchronization/jobs",
    "mailboxSettings",
    "roleDefinitions",
    "roleAssignments",
    "roleAssignmentScheduleInstances",
    "roleEligibilityScheduleInstances",
    "administrativeUnits",
    "subscribedSkus",
    r"\$batch",
)
NOT_FOR_EVER = (r"\$batch",)
"""A whole Graph that fails is no matter of single kinds."""
PASSING: dict[str, dict[str, Any]] = {
    "throttled": {"status": 429, "retry_after": 0},
    "throttled without Retry-After": {"status": 429},
    "broken": {"status": 500},
    "bad gateway": {"status": 502},
    "unavailable": {"status": 503, "retry_after": 0},
    "timed out": {"status": 504},
    "dropped before": {"drop": "before"},
    "dropped after": {"drop": "after"},
    "cut off": {"truncate": 40},
    "garbage": {"raw": "<html>Bad Gateway</html>"},
    "slow": {"delay_seconds": 0.05},
    "token refused": {"status": 401, "code": "InvalidAuthenticationToken"},
}
LASTING: dict[str, dict[str, Any]] = {
    "forbidden": {"status": 403, "code": "Authorization_RequestDenied"},
    "bad request": {"status": 400, "code": "Request_BadRequest"},
    "garbage for ever": {"raw": '{"value": 7}'},
    "broken for ever": {"status": 500},
}


@pytest.mark.parametrize("kind", PASSING)
def test_what_passes_is_not_even_noticed(kind, known, tmp_path):
    faults = [
        Fault(path=path, skip=skip, **PASSING[kind]) for skip, path in enumerate(("users", "delta", "applications"))
    ]
    outcome = sync(known, tmp_path, *faults)
    assert outcome.untruths == []
    assert outcome.manifest.incomplete == {}


@pytest.mark.parametrize("kind", LASTING)
def test_of_a_group_that_cannot_be_read_exactly_the_memberships_are_missing_and_the_manifest_names_it(
    kind, unknown, tmp_path
):
    group = max(unknown.truth()["groups"], key=lambda row: row["user_members"])
    outcome = sync(unknown, tmp_path, Fault(path=f"groups/delta.*{group['id']}", times=FOR_EVER, **LASTING[kind]))
    held = {row["id"] for row in outcome.truth["grants"] if row["resource_id"] == group["id"]}
    assert set(outcome.manifest.incomplete) == {"memberships"}
    assert {(one.table, one.column, one.id) for one in outcome.manifest.unread} == {
        ("memberships", "group_id", group["id"])
    }
    assert outcome.missing("grants") == held
    assert held
    assert outcome.surplus("grants") == set()
    for table in ("accounts", "groups", "enterprise_applications", "directory_roles", "licenses"):
        assert outcome.missing(table) == outcome.surplus(table) == set()


@pytest.mark.parametrize("kind", LASTING)
def test_of_an_application_that_cannot_be_read_exactly_the_assignments_are_missing_and_the_manifest_names_it(
    kind, unknown, tmp_path
):
    application = max(unknown.truth()["enterprise_applications"], key=lambda row: row["assignments"])
    fault = Fault(path=f"{application['id']}/appRoleAssignedTo", times=FOR_EVER, **LASTING[kind])
    outcome = sync(unknown, tmp_path, fault)
    held = {
        row["id"]
        for row in outcome.truth["grants"]
        if row["resource_id"] == application["id"] and not row["entitlement_id"].endswith(":owner")
    }
    assert set(outcome.manifest.incomplete) == {"application_grants"}
    assert {(one.column, one.id) for one in outcome.manifest.unread} == {("application_id", application["id"])}
    assert outcome.missing("grants") == held
    assert held
    assert outcome.surplus("grants") == set()


def some_faults() -> st.SearchStrategy[list[Fault]]:
    """Up to four things that go wrong, anywhere; of refused tokens only one, because two for one request are its end."""
    passing = st.sampled_from([name for name in PASSING if name != "token refused"])
    once = st.builds(
        lambda kind, path, skip, times: Fault(path=path, skip=skip, times=times, **PASSING[kind]),
        passing,
        st.sampled_from(LISTS),
        st.integers(0, 12),
        st.integers(1, 2),
    )
    for_ever = st.builds(
        lambda kind, path, skip: Fault(path=path, skip=skip, times=FOR_EVER, **LASTING[kind]),
        st.sampled_from(list(LASTING)),
        st.sampled_from([path for path in LISTS if path not in NOT_FOR_EVER]),
        st.integers(0, 12),
    )
    return st.lists(st.one_of(once, for_ever), min_size=1, max_size=4)


@settings(
    max_examples=COMBINATIONS,
    phases=[Phase.reuse, Phase.generate],  # a combination that fails says enough, and to make it smaller takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(faults=some_faults())
def test_a_tenant_that_was_read_before_stays_the_truth_whatever_cannot_be_read_now(faults, known, tmp_path_factory):
    outcome = sync(known, tmp_path_factory.mktemp("cache"), *faults)
    assert outcome.untruths == []
    if all(fault.times != FOR_EVER for fault in faults):
        assert outcome.manifest.incomplete == {}
