"""When to ask Graph again: pure decisions, made in one place for single requests and for the items of batches."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MOST_ATTEMPTS = 8
"""How often one request is sent before giving up on a server that fails: some two minutes of back-off in all."""

MOST_UNREADABLE = 3
"""How often something is asked for in all when the answers are success, but cannot be understood."""

_TRANSIENT = frozenset({429, 500, 502, 503, 504})
_LONGEST_BACK_OFF = 60.0  # seconds


def is_transient(status: int) -> bool:
    """Whether an answer of ``status`` says nothing about the request itself, so that it is worth asking again."""
    return status in _TRANSIENT


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that ``Retry-After`` (seconds, or an HTTP date) asks to wait; None where it is absent or unreadable."""
    value = next((text for name, text in headers.items() if name.lower() == "retry-after"), None)
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            when = parsedate_to_datetime(value)
        except ValueError:
            return None
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        seconds = (when - (now or datetime.now(UTC))).total_seconds()
    return max(0.0, seconds) if seconds < 86_400 else None  # NaN and nonsense fail the comparison as well


def back_off(attempt: int) -> float:
    """Seconds to wait before attempt ``attempt`` + 1, counted from 1: exponential, with half of it left to chance.

    Chance keeps workers that were throttled together from coming back together; the other half keeps the wait from
    being nothing.
    """
    ceiling = min(_LONGEST_BACK_OFF, 0.5 * 2.0**attempt)
    return ceiling / 2 + random.uniform(0, ceiling / 2)  # noqa: S311 - no secret depends on it
