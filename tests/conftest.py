"""Fixtures that every test may use: real storage, an account of its own for each test."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

from emulators.storage import Azurite

ACCOUNTS = 400
"""More than any worker runs tests that need storage."""

# A slow machine is no defect: what counts is how many examples are tried, not how long one takes.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no worker is left alone with it."""
    items.sort(key=lambda item: "e2e" not in item.path.parts)


class Storage:
    """Storage accounts of one worker. Every few minutes, when a new file of tests begins, they come from a new Azurite.

    Ten minutes after its start Azurite collects what is no longer referred to, and while it does, some minutes after thousands
    of blobs have come and gone, it answers nobody.
    """

    YOUNG_S = 240.0

    def __init__(self) -> None:
        self._running: Azurite | None = None
        self._module = ""
        self._since = 0.0
        self._unused: Iterator[int] = iter(())

    def new_account(self) -> str:
        """The connection string of an account that nobody has used."""
        module = os.environ.get("PYTEST_CURRENT_TEST", "").partition("::")[0]
        old = module != self._module and time.monotonic() - self._since > self.YOUNG_S
        self._module = module
        if self._running is None or old:
            self.close()
            self._running, self._since = Azurite(accounts=ACCOUNTS).start(), time.monotonic()
            self._unused = iter(range(ACCOUNTS))
        return self._running.connection_string(next(self._unused))

    def close(self) -> None:
        """Stop the Azurite that is running."""
        running, self._running = self._running, None
        if running is not None:
            running.stop()


@pytest.fixture(scope="session")
def new_storage_account() -> Iterator[Callable[[], str]]:
    """Gives the connection string of an empty storage account that nothing else has, at every call."""
    storage = Storage()
    yield storage.new_account
    storage.close()


@pytest.fixture
def storage_account(new_storage_account: Callable[[], str]) -> str:
    """The connection string of an empty storage account that no other test has."""
    return new_storage_account()
