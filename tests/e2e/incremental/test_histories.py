"""The random changes that everything here is tried with: deterministic, of every kind, and right when read in full."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from emulators.graph import GraphEmulator
from emulators.graph.tenant.truth import truth
from tests.support.deployments import deploy
from tests.support.histories import CHANGES, change, small_tenant
from tests.support.outcomes import sync


def test_the_same_seed_gives_the_same_history_and_the_same_tenant() -> None:
    first, second = small_tenant(1), small_tenant(1)
    generators = random.Random(7), random.Random(7)
    assert [change(first, generators[0]) for _ in range(30)] == [change(second, generators[1]) for _ in range(30)]
    assert truth(first) == truth(second)


def test_every_kind_of_change_comes_up() -> None:
    drawn: Counter[str] = Counter()
    for seed in range(12):
        tenant, generator = small_tenant(seed), random.Random(seed)
        drawn.update(change(tenant, generator).split()[0] for _ in range(80))
        tenant.close()
    missing = {draw.__name__ for draw in CHANGES} - set(drawn)
    assert missing <= {"create_device", "delete_device"}  # told as `create` and `delete`
    assert {"create", "delete"} <= set(drawn)
    assert drawn["nothing"] == 0


@pytest.mark.parametrize("seed", range(2))
def test_a_full_sync_after_a_history_is_the_truth(seed: int, storage_account: str, tmp_path) -> None:
    tenant, generator = small_tenant(seed), random.Random(seed)
    steps = [change(tenant, generator) for _ in range(40)]
    with GraphEmulator(tenant) as graph:
        outcome = sync(deploy(graph, storage_account), tmp_path)
    assert outcome.untruths == [], steps
