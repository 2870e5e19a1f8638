"""What was created so recently that not every part of the directory has heard of it."""

from __future__ import annotations

from emulators.graph.service.clock import Clock


class Newborn:
    """Remembers when applications and service principals were created."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._born: dict[str, float] = {}

    def note(self, object_id: str) -> None:
        """This object was just created."""
        self._born[object_id.lower()] = self._clock.now()

    def unknown(self, object_id: str, seconds: float) -> bool:
        """Whether an object is younger than that."""
        born = self._born.get(object_id.lower())
        return born is not None and self._clock.now() - born < seconds
