"""Whatever happens in whatever order: the state is consistent at every moment, and the truth when the dust has settled."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.support.worlds.runs import run_history
from tests.support.worlds.world import World

WORLDS = 6
HISTORIES = int(os.environ.get("HISTORIES", "8"))
"""Histories of each world; more of them, such as 200, after a change, or ``python -m tools.soak``. With those that hypothesis makes and
those that find mistakes, more than a hundred on each version of Python."""
FIRST = int(os.environ.get("HISTORIES_FROM", "0"))
"""Number of the first of them: another one, other histories. CI runs others on each version of Python."""
_WITH_A_FULL_SYNC_AT_THE_END = 5


@pytest.mark.parametrize("number", range(WORLDS))
@pytest.mark.timeout(60 * HISTORIES)
@pytest.mark.usefixtures("haste")
def test_histories_end_with_the_truth(number: int, new_world: Callable[[int], World]) -> None:
    with new_world(number) as world:
        for seed in range(FIRST, FIRST + HISTORIES):
            whole = seed % _WITH_A_FULL_SYNC_AT_THE_END == number % _WITH_A_FULL_SYNC_AT_THE_END
            run_history(world, f"{number}/{seed}", length=10, whole=whole)
