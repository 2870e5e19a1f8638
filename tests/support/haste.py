"""Waits of a sync made short, so that what a failing Graph costs in minutes costs a test moments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from connector.graph import retry
from connector.sync import local

_MOMENT = 0.005  # seconds


@contextmanager
def in_haste() -> Iterator[None]:
    """Back-off and redelivery take a moment each. What Graph asks to wait (``Retry-After``) is waited all the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retry, "back_off", lambda _attempt: _MOMENT)
        patch.setattr(local, "_RETRY_DELAY_S", _MOMENT)
        yield
