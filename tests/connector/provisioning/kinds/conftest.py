"""An emulated tenant that a module of tests shares, and groups worked on in it."""

from __future__ import annotations

import pytest

from emulators.graph import GraphEmulator
from emulators.graph.service.variants import Variants
from emulators.graph.tenant.generator import generate
from tests.support.groups import Groupwork
from tests.support.haste import in_haste


@pytest.fixture(scope="module")
def shared_emulator():
    with GraphEmulator(generate(users=0, seed=4)) as graph, in_haste():
        yield graph


@pytest.fixture
def work(shared_emulator):
    """Groups of a tenant whose connector holds every permission, and of which nothing goes wrong."""
    shared_emulator.rewind()
    shared_emulator.variants = Variants()
    shared_emulator.tenant.set_fact("permissions", "")
    shared_emulator.metrics.reset()
    return Groupwork(shared_emulator)
