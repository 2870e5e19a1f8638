"""Resets of the synchronization state, as maintenance and moved tenants cause them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Resets:
    """How often each entity set was reset, and whether the refusal of its tokens tells where to begin anew."""

    _generations: dict[str, int] = field(default_factory=dict)
    _silent: set[str] = field(default_factory=set)

    def reset(self, entity_set: str, *, location: bool = True) -> None:
        """Make every delta and page token of an entity set answer 410.

        Args:
            entity_set: such as ``users`` or ``directoryObjects``.
            location: whether the answer has a ``Location`` header.
        """
        name = entity_set.lower().removeprefix("directory/")
        self._generations[name] = self.generation(name) + 1
        (self._silent.discard if location else self._silent.add)(name)

    def forget(self) -> None:
        """As if nothing had ever been reset."""
        self._generations.clear()
        self._silent.clear()

    def generation(self, entity_set: str) -> int:
        """How often an entity set (in lower case) was reset."""
        return self._generations.get(entity_set, 0)

    def tells_location(self, entity_set: str) -> bool:
        """Whether the last reset of it tells where to begin anew."""
        return entity_set not in self._silent
