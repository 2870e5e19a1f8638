"""Whatever happens in whatever order: operations come out in the order in which they were accepted, and their records tell the truth."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.support.operating.runs import run_operations
from tests.support.operating.world import OperatedWorld

WORLDS = 4
HISTORIES = int(os.environ.get("OPERATION_HISTORIES", "3"))
"""Histories of each world; more of them, such as 200 with ``--timeout 0``, after a change, or ``python -m tools.soak``."""
FIRST = int(os.environ.get("HISTORIES_FROM", "0"))
"""Number of the first of them: another one, other histories. CI runs others on each version of Python."""


@pytest.mark.parametrize("number", range(WORLDS))
@pytest.mark.usefixtures("haste")
def test_operations_come_out_as_accepted_and_records_are_true(
    number: int, new_world: Callable[[int], OperatedWorld]
) -> None:
    with new_world(number) as world:
        for seed in range(FIRST, FIRST + HISTORIES):
            run_operations(world, f"{number}/{seed}")
