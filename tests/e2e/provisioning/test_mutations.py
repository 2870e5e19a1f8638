"""The proof, proved: every deliberate mistake in working on operations is found within a few histories."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.provisioning.mutations import MUTATIONS, Mutation
from tests.support.haste import in_haste
from tests.support.operating.actions import CERTAIN, Action
from tests.support.operating.runs import run_operations
from tests.support.operating.world import OperatedWorld
from tests.support.worlds.runs import Untrue

MOST_HISTORIES = 8
"""Most that one mistake takes. The first one of each is chosen so that it usually is enough."""


@pytest.fixture(scope="module")
def world(new_storage_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[OperatedWorld]:
    with in_haste(), OperatedWorld(2, new_storage_account(), tmp_path_factory.mktemp("mutations")) as running:
        yield running


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.apply.__name__)
def test_a_mistake_is_found(mutation: Mutation, world: OperatedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    mutation.apply(monkeypatch)
    for seed in range(mutation.first, mutation.first + MOST_HISTORIES):
        try:
            run_operations(world, seed, length=mutation.length, actions=mutation.actions)
        except Untrue:
            return
    pytest.fail(f"{mutation.apply.__doc__} Nobody noticed.")


@pytest.mark.parametrize("action", CERTAIN, ids=lambda action: action.__name__)
def test_without_a_mistake_none_is_found(action: Action, world: OperatedWorld) -> None:
    """What asserts something of its own could find fault with anything."""
    run_operations(world, "no mistake", length=1, actions={action: 1})
