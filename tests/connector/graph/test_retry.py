"""When to ask again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.graph.retry import back_off, retry_after

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("10", 10),
        ("0", 0),
        ("1.5", 1.5),
        ("-5", 0),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("999999999", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_nonsense_is_as_if_it_were_absent(header, seconds):
    assert retry_after({"RETRY-after": header}, NOW) == seconds


def test_no_header_no_wait():
    assert retry_after({}, NOW) is None


@given(st.text(max_size=40))
def test_no_header_breaks_the_reading(header):
    wait = retry_after({"Retry-After": header}, NOW)
    assert wait is None or 0 <= wait < 86_400


@given(st.integers(1, 50))
def test_back_off_grows_to_a_minute_and_is_never_nothing(attempt):
    assert min(30, 0.25 * 2**attempt) <= back_off(attempt) <= min(60, 0.5 * 2**attempt)
