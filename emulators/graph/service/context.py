"""What every part of the service works with."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from emulators.graph.service.clock import Clock
from emulators.graph.service.state import TenantState, fact_or
from emulators.graph.service.tokens import TokenMaker
from emulators.graph.service.variants import Variants


@dataclass(slots=True)
class Context:
    """The tenant, the time, the maker of page tokens, and the variants, which may be replaced while running."""

    tenant: TenantState
    clock: Clock
    tokens: TokenMaker
    variants: Variants

    @property
    def db(self) -> sqlite3.Connection:
        """The tenant's database; the dispatcher holds the lock."""
        return self.tenant.db

    def has_premium(self, *plans: str) -> bool:
        """Whether the tenant has one of ``p1``, ``p2``."""
        return any(fact_or(self.tenant, f"entra_id_{plan}", "true") == "true" for plan in plans)
