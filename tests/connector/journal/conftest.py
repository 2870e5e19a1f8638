"""A deployment whose storage is empty."""

from __future__ import annotations

import pytest

from connector.settings import Settings
from tests.support.snapshots import environment, make_container


@pytest.fixture
def settings(storage_account: str) -> Settings:
    """Settings of a deployment; its container is there, and holds nothing."""
    found = Settings.load(environment(storage_account))
    make_container(found)
    return found
