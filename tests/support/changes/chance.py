"""What a random change draws from: the tenant as it is, small vocabularies so that things collide, and one generator."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from emulators.graph.tenant.state import from_json, timestamp
from emulators.graph.tenant.tenant import Tenant

T = TypeVar("T")

NAMES = ("Ada", "Bo", "Ada Bo", "Čapek", "x", "")
WORDS = ("Sales", "Legal", None)
MOST_OF_A_TYPE = 6
"""Living objects of a type, from which on no more are made."""


class Nothing(Exception):
    """The tenant has nothing that this change could be done to."""


class Chance:
    """Draws for one change. The same tenant and the same state of ``random`` give the same draws.

    Attributes:
        tenant: what is changed.
        random: decides everything.
        now: tells when new objects are created; None: on the tenant's own time, which lies in the past.
    """

    def __init__(self, tenant: Tenant, generator: random.Random, now: Callable[[], datetime] | None = None) -> None:
        self.tenant = tenant
        self.random = generator
        self.now = now

    @property
    def created(self) -> dict[str, str]:
        """The property of a new object that says when it was created."""
        return {"createdDateTime": timestamp(self.now())} if self.now else {}

    def one(self, choices: Sequence[T]) -> T:
        """One of them, or :class:`Nothing` where there are none."""
        if not choices:
            raise Nothing
        return self.random.choice(choices)

    def maybe(self, probability: float = 0.5) -> bool:
        """Heads or tails."""
        return self.random.random() < probability

    def living(self, *types: str) -> str:
        """A living object of one of these types, by id. Never Microsoft Graph or the connector itself."""
        return str(self.one(self._ids("deleted IS NULL", *types)))

    def deleted(self, *types: str) -> str:
        """One that was deleted restorably."""
        return str(self.one(self._ids("deleted = 'changed'", *types)))

    def room(self, kind: str) -> None:
        """Raise :class:`Nothing` where there are enough objects of this type."""
        if len(self._ids("deleted IS NULL", kind)) >= MOST_OF_A_TYPE:
            raise Nothing

    def row(self, sql: str, *values: object) -> tuple[Any, ...]:
        """One row of what a query of the tenant's tables finds; the query must say in which order."""
        with self.tenant.lock:
            return tuple(self.one(self.tenant.db.execute(sql, values).fetchall()))

    def body(self, object_id: str) -> dict[str, Any]:
        """The properties of an object."""
        with self.tenant.lock:
            row = self.tenant.db.execute("SELECT body FROM objects WHERE id = ?", (object_id,)).fetchone()
        return dict(from_json(row[0]))

    def edge(self, rel: int, source_type: str) -> tuple[str, str]:
        """A relationship between living objects: ids of its source and target."""
        found = self.row(
            "SELECT s.id, t.id FROM edges e JOIN objects s ON s.key = e.source JOIN objects t ON t.key = e.target"
            " WHERE e.rel = ? AND s.type = ? AND s.deleted IS NULL AND t.deleted IS NULL ORDER BY s.key, t.key",
            rel,
            source_type,
        )
        return str(found[0]), str(found[1])

    def tell(self, verb: str, *things: object) -> str:
        """One line for people: the verb, and what it was done to."""
        return " ".join([verb, *(self._label(thing) for thing in things)])

    def _ids(self, condition: str, *types: str) -> list[str]:
        marks = ", ".join("?" * len(types))
        with self.tenant.lock:
            rows = self.tenant.db.execute(
                f"SELECT id FROM objects WHERE type IN ({marks}) AND {condition}"
                " AND COALESCE(json_extract(body, '$.displayName'), '') NOT IN ('Microsoft Graph', 'Access connector')"
                " ORDER BY key",
                types,
            ).fetchall()
        return [row[0] for row in rows]

    def _label(self, thing: object) -> str:
        with self.tenant.lock:
            row = self.tenant.db.execute("SELECT type, key FROM objects WHERE id = ?", (str(thing),)).fetchone()
        return f"{row[0]}-{row[1]}" if row else str(thing)
