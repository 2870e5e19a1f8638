"""Readers of the full sync, run at once from beginning to end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from connector.graph.session import GraphSession
from connector.settings import Settings
from connector.sync.kinds import Incomplete, Reader, Work


@dataclass(slots=True)
class Run:
    """What a reader brought: rows by staged table, what could not be read, and its notes added up."""

    rows: dict[str, list[msgspec.Struct]] = field(default_factory=dict)
    incomplete: list[Incomplete] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)

    def of(self, table: str) -> list[Any]:
        """The rows of ``table``."""
        return self.rows.get(table, [])


async def run(
    reader: Reader, session: GraphSession, settings: Settings, inputs: Sequence[Mapping[str, Any]] = ()
) -> Run:
    """Let ``reader`` read everything; ``inputs`` are rows of what its parent would have read.

    Raises:
        GraphError: it cannot be read, or must be asked for later. Nothing of it counts then.
    """
    brought = Run()
    async for page in reader.read(Work(session, settings, None, inputs)):
        for table, rows in page.rows.items():
            brought.rows.setdefault(table, []).extend(rows)
        brought.incomplete += page.incomplete
        for name, count in page.notes.items():
            brought.notes[name] = brought.notes.get(name, 0) + count
    return brought
