"""The same steps in the hands of hypothesis, which finds a short history where there is a long one that fails."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.support.operating.actions import ACTIONS
from tests.support.operating.runs import OperatedRun
from tests.support.operating.world import OperatedWorld

_WORLD_OF_OTHERS = 6  # a number that other histories do not use
EXAMPLES = int(os.environ.get("OPERATION_EXAMPLES", "2"))
"""Histories that hypothesis makes, and makes shorter when one fails."""
_OFTEN = 8
"""What is drawn so often is a rule so many times less: hypothesis takes all rules for equally likely."""


@pytest.mark.usefixtures("haste")
def test_no_sequence_of_steps_leads_elsewhere(new_world: Callable[[int], OperatedWorld]) -> None:
    with new_world(_WORLD_OF_OTHERS) as world:

        class Machine(RuleBasedStateMachine):
            def __init__(self) -> None:
                super().__init__()
                self.run = OperatedRun(world)

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
                stateful_step_count=10,
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
