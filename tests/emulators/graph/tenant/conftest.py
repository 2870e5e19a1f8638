"""A tenant with nothing in it, and what its delta records say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulators.graph.tenant.tenant import Tenant
from emulators.graph.tenant.truth import truth


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    """Only the connector's own registration."""
    made = Tenant.empty()
    yield made
    made.close()


@pytest.fixture
def properties_changed(tenant: Tenant) -> Callable[[str], set[str]]:
    """Which properties of an object the delta records name, since the tenant was made."""

    def changed(object_id: str) -> set[str]:
        rows = tenant.db.execute(
            "SELECT c.name FROM property_changes c JOIN objects o ON o.key = c.key WHERE o.id = ?", (object_id,)
        )
        return {name for (name,) in rows}

    return changed


@pytest.fixture
def edges_changed(tenant: Tenant) -> Callable[[], list[tuple[int, str, str, str, str]]]:
    """Relationships that the delta records name, in order: kind, source, target, ``add`` or ``remove``, cause."""

    def changed() -> list[tuple[int, str, str, str, str]]:
        return tenant.db.execute(
            "SELECT c.rel, s.id, t.id, c.op, c.cause FROM edge_changes c JOIN objects s ON s.key = c.source "
            "JOIN objects t ON t.key = c.target ORDER BY c.seq"
        ).fetchall()

    return changed


@pytest.fixture
def grant(tenant: Tenant) -> Callable[..., dict[str, Any] | None]:
    """The grant with this id, or None: what the truth says of it."""

    def found(grant_id: str, **settings: Any) -> dict[str, Any] | None:
        return next((row for row in truth(tenant, **settings)["grants"] if row["id"] == grant_id), None)

    return found


@pytest.fixture
def row(tenant: Tenant) -> Callable[..., dict[str, Any] | None]:
    """The row with this id in a table of the truth, or None."""

    def found(table: str, row_id: str, **settings: Any) -> dict[str, Any] | None:
        return next((row for row in truth(tenant, **settings)[table] if row["id"] == row_id), None)

    return found
