"""Warned is thirty days ahead, and otherwise once it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.credentials.expiring import EXPIRY_WARNING, expiry_warning, has_expired

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (EXPIRY_WARNING, "in 30 days. Replace it before."),
        (timedelta(days=1, hours=23), "expires on 2026-03-03 11:00 UTC, in 1 day."),
        (timedelta(hours=3), "in less than a day."),
        (timedelta(0), "has expired on 2026-03-01 12:00 UTC."),
        (timedelta(days=-9), "Replace it now"),
    ],
)
def test_what_ends_soon_is_warned_about(left: timedelta, words: str) -> None:
    assert words in (expiry_warning(NOW + left, NOW) or "")
    assert has_expired(NOW + left, NOW) == (left <= timedelta(0))


@pytest.mark.parametrize("ends", [NOW + EXPIRY_WARNING + timedelta(seconds=1), None])
def test_what_ends_later_or_never_is_not(ends: datetime | None) -> None:
    assert expiry_warning(ends, NOW) is None
    assert not has_expired(ends, NOW)
