"""Worlds for histories: deployments in one process, in the hands of a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.haste import in_haste
from tests.support.worlds.world import World


@pytest.fixture
def new_world(new_storage_account: Callable[[], str], tmp_path: Path) -> Callable[[int], World]:
    """Makes the world of a number: always the same tenant, on storage of its own."""
    return lambda seed: World(seed, new_storage_account(), tmp_path)


@pytest.fixture
def haste() -> Iterator[None]:
    """Nobody waits for anything."""
    with in_haste():
        yield
