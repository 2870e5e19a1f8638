"""The order in which operations were accepted, read off the lines as they are written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from connector.storage.operation_ids import bundle_of, is_operation_id
from connector.storage.operations import DueLine
from connector.storage.records import Line, Operation


class Lines:
    """What places were taken in which order, and when each line was written, on the clock that tests step."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._places: dict[tuple[str, datetime], int] = {}
        self._written: dict[str, datetime] = {}

    def clear(self) -> None:
        """Nobody waits anywhere."""
        self._places.clear()
        self._written.clear()

    def written(self, name: str, line: Line) -> None:
        """A line was written."""
        self._written[name] = self._now()
        for place in line.places:
            self._places.setdefault((place.id, place.at), len(self._places))

    def written_at(self, line: DueLine) -> datetime:
        """When a line was written."""
        return self._written.get(line.name, line.written)

    def order(self, operation: Operation) -> tuple[int, str]:
        """Sorts operations as they were accepted, or revived, which takes a place of its own."""
        own = [number for (id_, _), number in self._places.items() if id_ == operation.id]
        if own and is_operation_id(operation.id):
            return max(own), operation.id
        bundle = bundle_of(operation.id)
        return min((number for (id_, _), number in self._places.items() if id_ == bundle), default=-1), operation.id
