"""Kinds without delta: read whole, with the readers of the full sync."""

from __future__ import annotations

from connector.graph.session import GraphSession
from connector.incremental.facts import Known, Reading
from connector.settings import Settings


async def compare(session: GraphSession, settings: Settings, kind: str, known: Known) -> Reading:
    """Everything that ``kind`` (one of ``COMPARED``) is now: rows, and what they replace.

    Raises:
        GraphError: it cannot be read, or must be asked for later. Nothing of it counts then.
    """
    raise NotImplementedError
