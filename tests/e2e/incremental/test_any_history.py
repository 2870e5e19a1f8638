"""Whatever happens in whatever order: the state is consistent at every moment, and the truth when the dust has settled."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.support.haste import in_haste
from tests.support.worlds.actions import ACTIONS
from tests.support.worlds.runs import Run, run_history
from tests.support.worlds.world import World

WORLDS = 6
HISTORIES = int(os.environ.get("HISTORIES", "7"))
"""Histories of each world; more of them, such as 200 with ``--timeout 0``, after a change, or ``python -m tools.soak``."""
EXAMPLES = int(os.environ.get("HISTORY_EXAMPLES", "8"))
"""Histories that hypothesis makes, and makes shorter when one fails."""
_WITH_A_FULL_SYNC_AT_THE_END = 5
_OFTEN = 10
"""What is drawn so often is a rule so many times less: hypothesis takes all rules for equally likely."""


@pytest.fixture
def new_world(new_storage_account: Callable[[], str], tmp_path: Path) -> Callable[[int], World]:
    return lambda seed: World(seed, new_storage_account(), tmp_path)


@pytest.fixture(autouse=True)
def _haste() -> Iterator[None]:
    with in_haste():
        yield


@pytest.mark.parametrize("number", range(WORLDS))
def test_histories_end_with_the_truth(number: int, new_world: Callable[[int], World]) -> None:
    with new_world(number) as world:
        for seed in range(HISTORIES):
            whole = seed % _WITH_A_FULL_SYNC_AT_THE_END == number % _WITH_A_FULL_SYNC_AT_THE_END
            run_history(world, f"{number}/{seed}", length=10, whole=whole)


@pytest.mark.parametrize("part", range(2))
def test_no_sequence_of_steps_leads_elsewhere(part: int, new_world: Callable[[int], World]) -> None:
    """The same steps in the hands of hypothesis, which finds a short history where there is a long one that fails."""
    with new_world(WORLDS + part) as world:

        class Machine(RuleBasedStateMachine):
            def __init__(self) -> None:
                super().__init__()
                self.run = Run(world)

            def teardown(self) -> None:
                if not self.run.failed:
                    self.run.finish()

        for action in ACTIONS:
            for again in range(max(1, ACTIONS[action] // _OFTEN)):
                setattr(Machine, f"{action.__name__}_{again}", _rule(action.__name__))

        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=8,
                phases=[Phase.reuse, Phase.generate, Phase.shrink],
                suppress_health_check=list(HealthCheck),
                deadline=None,
            ),
        )


def _rule(name: str) -> object:
    """A rule that does one kind of step."""

    def step(machine: object, number: int) -> None:
        machine.run.do(name, number)  # type: ignore[attr-defined]

    step.__name__ = name
    return rule(number=st.integers(0, 2**32 - 1))(step)
