"""Eventual consistency on request: reads that see the tenant as it was some changes ago."""

from __future__ import annotations

import sqlite3

from emulators.graph.service.clock import Clock
from emulators.graph.service.state import TenantState
from emulators.graph.service.variants import Variants


class Replica:
    """A copy of the tenant's database that is renewed now and then, like the replicas that answer Graph's reads.

    It is taken when lagging begins, and anew when it is further behind than the variants allow; never in between, so that the
    same calls always see the same. Small tenants only: each renewal copies everything.
    """

    def __init__(self, tenant: TenantState, clock: Clock) -> None:
        self._tenant = tenant
        self._clock = clock
        self._copy: sqlite3.Connection | None = None
        self._taken_at = 0.0

    def settle(self) -> None:
        """Let reads see everything that has been written so far."""
        if self._copy is not None:
            self._take()

    def follow(self, variants: Variants) -> None:
        """Begin or stop lagging, as the variants say."""
        if not variants.read_lag_changes:
            self._copy = None
        elif self._copy is None:
            self._take()

    def database(self, variants: Variants) -> sqlite3.Connection:
        """What a read sees now. The caller holds the tenant's lock."""
        if self._copy is None:
            return self._tenant.db
        late = self._clock.now() - self._taken_at >= variants.read_lag_seconds > 0
        if late or _changes(self._tenant.db) - _changes(self._copy) > variants.read_lag_changes:
            return self._take()
        return self._copy

    def _take(self) -> sqlite3.Connection:
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        with self._tenant.lock:
            self._tenant.db.backup(copy)
        self._copy, self._taken_at = copy, self._clock.now()
        return copy


def _changes(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT seq FROM sequence").fetchone()[0])
