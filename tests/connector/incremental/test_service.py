"""What is asked of rounds before there is anything to go on from."""

from __future__ import annotations

import asyncio
import logging

import pytest

from connector.incremental.service import catch_up, wake_what_is_due
from connector.settings import Settings
from tests.support.snapshots import environment, make_container


@pytest.fixture
def settings(storage_account: str) -> Settings:
    found = Settings.load(environment(storage_account))
    make_container(found)
    return found


def test_before_the_first_snapshot_nothing_is_due(settings: Settings) -> None:
    assert asyncio.run(wake_what_is_due(settings)) == []


def test_before_the_first_snapshot_there_is_nothing_to_catch_up_with(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="connector"):
        asyncio.run(catch_up(settings))

    assert caplog.records == []
