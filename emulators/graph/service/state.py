"""What the service needs of a tenant: its identity, its database and the lock around it."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager
from typing import Any, Protocol


class TenantState(Protocol):
    """An emulated tenant. The tables are those of ``emulators/graph/tenant/schema.sql``."""

    @property
    def id(self) -> str:
        """Tenant id."""
        ...

    @property
    def db(self) -> sqlite3.Connection:
        """The tenant's database; usable from any thread that holds :attr:`lock`."""
        ...

    @property
    def lock(self) -> AbstractContextManager[Any]:
        """Held while the database is used."""
        ...

    @property
    def client_id(self) -> str:
        """Application id that may sign in."""
        ...

    @property
    def client_secret(self) -> str:
        """Its secret."""
        ...

    def fact(self, name: str) -> str:
        """A fact about the tenant, such as ``domain``; KeyError where it is not known."""
        ...


def fact_or(tenant: TenantState, name: str, default: str) -> str:
    """A fact about the tenant, or ``default`` where it is not known."""
    try:
        return tenant.fact(name)
    except KeyError:
        return default
