"""What every part of the service works with."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from emulators.graph.service.clock import Clock
from emulators.graph.service.delta.resets import Resets
from emulators.graph.service.newborn import Newborn
from emulators.graph.service.replica import Replica
from emulators.graph.service.state import TenantState, fact_or
from emulators.graph.service.tokens import TokenMaker
from emulators.graph.service.variants import Variants


class Context:
    """The tenant, the time, the maker of page tokens, and the variants, which may be replaced while running."""

    def __init__(self, tenant: TenantState, clock: Clock, tokens: TokenMaker, variants: Variants) -> None:
        self.tenant = tenant
        self.clock = clock
        self.tokens = tokens
        self.resets = Resets()
        self.newborn = Newborn(clock)
        self.replica = Replica(tenant, clock)
        self._lagging = False
        self.variants = variants

    @property
    def variants(self) -> Variants:
        """The behaviour shown now."""
        return self._variants

    @variants.setter
    def variants(self, variants: Variants) -> None:
        self._variants = variants
        self.replica.follow(variants)

    @property
    def db(self) -> sqlite3.Connection:
        """What a request sees of the tenant, for reading only; the dispatcher holds the lock. Verbs are for writing."""
        return self.replica.database(self._variants) if self._lagging else self.tenant.db

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Inside, :attr:`db` may lag behind what was written, as the variants say. The caller holds the tenant's lock."""
        self._lagging = True
        try:
            yield
        finally:
            self._lagging = False

    def has_premium(self, *plans: str) -> bool:
        """Whether the tenant has one of ``p1``, ``p2``."""
        return any(fact_or(self.tenant, f"entra_id_{plan}", "true") == "true" for plan in plans)
