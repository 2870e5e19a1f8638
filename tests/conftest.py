"""Fixtures that every test may use: real storage, an account of its own for each test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

from emulators.storage import Azurite

ACCOUNTS = 400
"""More than any worker runs tests that need storage."""

# A slow machine is no defect: what counts is how many examples are tried, not how long one takes.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """One Azurite for all tests of this worker."""
    with Azurite(accounts=ACCOUNTS) as running:
        yield running


@pytest.fixture(scope="session")
def new_storage_account(azurite: Azurite) -> Callable[[], str]:
    """Gives the connection string of an empty storage account that nothing else has, at every call."""
    unused = iter(range(ACCOUNTS))
    return lambda: azurite.connection_string(next(unused))


@pytest.fixture
def storage_account(new_storage_account: Callable[[], str]) -> str:
    """The connection string of an empty storage account that no other test has."""
    return new_storage_account()
