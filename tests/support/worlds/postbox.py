"""The changes queue in memory: messages come in any order, no sooner than they were sent for, and again unless they are deleted."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from connector.storage.queues import Taken
from connector.storage.records import WakeMessage


@dataclass(frozen=True, slots=True)
class Letter:
    """A message, how often it has been delivered, and from when on it can be seen, in seconds."""

    message: WakeMessage
    visible_at: float = 0.0
    deliveries: int = 0

    @property
    def text(self) -> str:
        """As the queue has it."""
        return msgspec.json.encode(self.message).decode()


class Postbox:
    """Wake messages that were sent and not done.

    Args:
        now: seconds, on the clock that tests step.

    Attributes:
        letters: those that nobody has taken.
        chance: decides which of them are seen at a moment.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.letters: list[Letter] = []
        self.chance = random.Random(0)
        self._taken: dict[str, Letter] = {}
        self._number = 0

    async def send(self, message: WakeMessage, *, delay: float = 0) -> None:
        """Keep a message, to be seen after ``delay`` seconds."""
        self.letters.append(Letter(message, self._now() + delay))

    async def take(self, *, hidden: int) -> list[Taken]:  # noqa: ARG002
        """Some of the messages: a queue does not always show all that it has."""
        found = []
        for letter in [letter for letter in self._visible() if self.chance.random() < 0.8]:
            self.letters.remove(letter)
            self._number += 1
            again = replace(letter, deliveries=letter.deliveries + 1)
            self._taken[str(self._number)] = again
            found.append(Taken(letter.text, again.deliveries, str(self._number), "receipt"))
        return found

    async def delete(self, taken: Taken) -> None:
        """It is done."""
        self._taken.pop(taken.id, None)

    def draw(self) -> Letter | None:
        """One message as the host delivers it, whichever; it is gone unless it is put back."""
        visible = self._visible()
        if not visible:
            return None
        letter = visible[self.chance.randrange(len(visible))]
        self.letters.remove(letter)
        return replace(letter, deliveries=letter.deliveries + 1)

    def next_at(self) -> float | None:
        """When the next message can be seen; None where there is none."""
        return min((letter.visible_at for letter in self.letters), default=None)

    def deliver_again(self) -> None:
        """What was taken and not deleted is to be seen again."""
        self.letters += self._taken.values()
        self._taken.clear()

    def clear(self) -> None:
        """There are no messages."""
        self.letters.clear()
        self._taken.clear()

    def _visible(self) -> list[Letter]:
        now = self._now()
        return [letter for letter in self.letters if letter.visible_at <= now]
