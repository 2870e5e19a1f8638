"""Worlds in which operations are asked for, in the hands of a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.haste import in_haste
from tests.support.operating.world import OperatedWorld


@pytest.fixture
def new_world(new_storage_account: Callable[[], str], tmp_path: Path) -> Callable[[int], OperatedWorld]:
    """Makes the world of a number: always the same tenant, on storage of its own."""
    return lambda seed: OperatedWorld(seed, new_storage_account(), tmp_path)


@pytest.fixture
def haste() -> Iterator[None]:
    """Nobody waits for anything."""
    with in_haste():
        yield
