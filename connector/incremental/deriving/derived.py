"""What follows from a reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.storage.journal import RowDifference
from connector.storage.records import FactChange, Shrinking


@dataclass(frozen=True, slots=True)
class Derived:
    """What a segment is made of. Empty where everything that was read was known; the same reading gives the same, in order.

    Attributes:
        changes: of the tables of a snapshot, by table and key.
        facts: of the fact tables.
        held_back: fact tables that would have shrunk more than the settings allow: what would be gone stays.
    """

    changes: Sequence[RowDifference]
    facts: Sequence[FactChange]
    held_back: Sequence[Shrinking] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to commit."""
        return bool(self.changes or self.facts)


class TooMuchAtOnce(Exception):
    """More differs than a round can commit. A full sync reads it with bounded memory, and tells followers to begin anew."""

    advice = "Nothing has to be done: a full sync is asked for, and rounds go on from what it publishes."

    def __init__(self, most: int) -> None:
        super().__init__(f"More than {most:,} rows differ at once, which is more than a round can commit.")
