"""Counts what was asked, for tests, demos and budgets."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any


class Metrics:
    """Counters since the start or the last :meth:`reset`. Thread-safe: tests read them while the service runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._operations: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()

    def http(self) -> None:
        """One HTTP exchange of Graph; a batch is one."""
        self._add("http_requests")

    def served(self, operation: str, status: int, units: int, *, write: bool) -> None:
        """One request of Graph, alone or in a batch, its answer's status and what it cost in resource units."""
        with self._lock:
            self._counts["requests"] += 1
            self._counts["resource_units"] += units
            self._counts["writes"] += write
            self._counts["throttled"] += status == 429
            self._operations[operation] += 1
            self._statuses[str(status)] += 1

    def token(self) -> None:
        """One access token issued."""
        self._add("tokens")

    def reset(self) -> None:
        """Begin at zero."""
        with self._lock:
            for counter in (self._counts, self._operations, self._statuses):
                counter.clear()

    def snapshot(self) -> dict[str, Any]:
        """Everything, as JSON; ``operations`` by method and path template, ``statuses`` by status."""
        names = ("http_requests", "requests", "resource_units", "writes", "throttled", "tokens")
        with self._lock:
            counts: dict[str, Any] = {name: self._counts[name] for name in names}
            return counts | {"operations": dict(self._operations), "statuses": dict(self._statuses)}

    @property
    def requests(self) -> int:
        """Requests of Graph, those inside batches included."""
        return self._counts["requests"]

    @property
    def resource_units(self) -> int:
        """What they cost."""
        return self._counts["resource_units"]

    @property
    def throttled(self) -> int:
        """How many were answered with 429."""
        return self._counts["throttled"]

    @property
    def operations(self) -> dict[str, int]:
        """How often each operation was asked for."""
        with self._lock:
            return dict(self._operations)

    def _add(self, name: str) -> None:
        with self._lock:
            self._counts[name] += 1
