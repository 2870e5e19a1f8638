"""A store of its own for each test of the audit file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from connector.settings import Settings
from connector.storage import Store
from tests.support.journals import in_storage
from tests.support.snapshots import environment, make_container

Run = Callable[[Callable[[Store], Awaitable[Any]]], Any]


@pytest.fixture
def settings(storage_account: str) -> Settings:
    found = Settings.load(environment(storage_account))
    make_container(found)
    return found


@pytest.fixture
def run(settings: Settings) -> Run:
    """Runs a test with the store."""
    return lambda test: in_storage(settings, test)
