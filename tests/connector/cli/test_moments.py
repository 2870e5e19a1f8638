"""Moments as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import typer

from connector.cli.moments import moment, moment_to_come

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "hour", "minute", "second"),
    [
        ("2026-01-05T06:00", 6, 0, 0),
        ("2026-01-05 06:00:01Z", 6, 0, 1),
        (" 2026-01-05T06:00:00+01:00 ", 5, 0, 0),
        ("2026-01-05", 0, 0, 0),
        ("2h ago", 10, 0, 0),
        ("2h", 10, 0, 0),
        ("1 hour ago", 11, 0, 0),
        ("90 Minutes ago", 10, 30, 0),
        ("5min", 11, 55, 0),
        ("30s", 11, 59, 30),
        ("30 secs ago", 11, 59, 30),
    ],
)
def test_what_is_understood(text: str, hour: int, minute: int, second: int) -> None:
    assert moment(text, NOW, "--at") == datetime(2026, 1, 5, hour, minute, second, tzinfo=UTC)


def test_days_and_weeks() -> None:
    assert moment("3 days ago", NOW, "--at") == datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
    assert moment("1w", NOW, "--at") == datetime(2025, 12, 29, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no time"),
        ("yesterday", "a date such as"),
        ("2 fortnights ago", "is no time"),
        ("999999w", "is no time"),
        ("0001-01-01T00:00+23:00", "is no time"),
        ("2026-13-01", "is no time"),
        ("2026-01-06", "is in the future: it is 2026-01-05 12:00:00 UTC"),
    ],
)
def test_what_is_refused(text: str, says: str) -> None:
    with pytest.raises(typer.BadParameter, match=says):
        moment(text, NOW, "--at")


@pytest.mark.parametrize(
    ("text", "day", "hour"),
    [
        ("8h", 5, 20),
        ("in 8 hours", 5, 20),
        ("2d", 7, 12),
        ("1 week", 12, 12),
        ("2026-01-06", 6, 0),
        ("2026-01-05T18:00+01:00", 5, 17),
    ],
)
def test_what_is_to_come(text: str, day: int, hour: int) -> None:
    assert moment_to_come(text, NOW, "--expires") == datetime(2026, 1, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-01-05", "has passed: it is 2026-01-05 12:00:00 UTC"),
        ("0h", "has passed"),
        ("8h ago", "is no time"),
        ("soon", "a date such as"),
        ("999999w", "is no time"),
    ],
)
def test_what_is_not_to_come(text: str, says: str) -> None:
    with pytest.raises(typer.BadParameter, match=says):
        moment_to_come(text, NOW, "--expires")
