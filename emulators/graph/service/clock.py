"""Time that tests can move forward, so that tokens expire and throttles refill without waiting."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """The service's clock: the machine's, plus what was added with :meth:`advance`, unless it was stopped."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._stopped_at: float | None = None
        self._listeners: list[Callable[[], None]] = []

    @property
    def stopped(self) -> bool:
        """Whether only :meth:`advance` lets time pass."""
        return self._stopped_at is not None

    def now(self) -> float:
        """Seconds since 1970."""
        return (time.time() if self._stopped_at is None else self._stopped_at) + self._ahead

    def stop(self) -> None:
        """Stand still from now on, so that only :meth:`advance` lets time pass."""
        self._stopped_at = time.time()

    def advance(self, seconds: float) -> None:
        """Go ``seconds`` forward; never back, since delta tokens and throttles rely on it."""
        if seconds < 0:
            raise ValueError(f"the clock goes forward only; seconds must be 0 or more, not {seconds}")
        self._ahead += seconds
        for listener in tuple(self._listeners):
            listener()

    def rewind(self) -> None:
        """Undo every :meth:`advance`, for who puts the tenant and all who know it back to an earlier moment as well."""
        self._ahead = 0.0

    def listen(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every :meth:`advance`, in the thread that made it."""
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[], None]) -> None:
        """Call it no longer."""
        self._listeners.remove(listener)

    def utc(self) -> datetime:
        """Now, in UTC."""
        return datetime.fromtimestamp(self.now(), UTC)
