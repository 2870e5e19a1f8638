"""The proof, proved: every deliberate mistake in the incremental path is found within a few histories."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.incremental.mutations import MUTATIONS, Mutation
from tests.support.haste import in_haste
from tests.support.worlds.actions import Action, change_tenant
from tests.support.worlds.certain import announce_together, newcomer_returns, read_in_part
from tests.support.worlds.runs import Untrue, run_history
from tests.support.worlds.world import World

MOST_HISTORIES = 12
"""Most that one mistake takes. The first one of each is chosen so that it usually is enough."""


@pytest.fixture(scope="module")
def world(new_storage_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with in_haste(), World(2, new_storage_account(), tmp_path_factory.mktemp("mutations")) as running:
        yield running


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.apply.__name__)
def test_a_mistake_is_found(mutation: Mutation, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    mutation.apply(monkeypatch)
    for seed in range(mutation.first, mutation.first + MOST_HISTORIES):
        try:
            run_history(world, seed, length=mutation.length, actions=mutation.actions)
        except Untrue:
            return
    pytest.fail(f"{mutation.apply.__doc__} Nobody noticed.")


@pytest.mark.parametrize(
    "action", [newcomer_returns, announce_together, read_in_part], ids=lambda action: action.__name__
)
def test_without_a_mistake_none_is_found(action: Action, world: World) -> None:
    """What asserts something of its own could find fault with anything."""
    run_history(world, "no mistake", length=4, actions={change_tenant: 2, action: 2})
