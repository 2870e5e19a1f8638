"""What operations have brought about, on its way into the journal, and what became of it there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from connector.incremental.facts import Reading
from connector.settings import Settings
from connector.storage import Current, Held, Store
from connector.storage.records import SegmentRef


class Journalled(Protocol):
    """What became of effects: ``settled`` unless they have to be looked for again; ``why``: a sentence, where they are not in the journal."""

    @property
    def settled(self) -> bool: ...
    @property
    def segment(self) -> SegmentRef | None: ...
    @property
    def why(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Effects:
    """What operations have brought about: what was seen, and what was in force before it was looked for."""

    store: Store
    settings: Settings
    reading: Reading
    operations: tuple[str, ...]
    since: Held[Current] | None
