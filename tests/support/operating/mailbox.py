"""The operations queue in memory: texts come in any order, no sooner than they were sent for, and as often as a test likes."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec

MOST_DELIVERIES = 5
"""As host.json has it: what has failed so often is poison."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A message: its id, from when on it can be seen, in seconds, and how often it has been delivered."""

    text: str
    id: str
    visible_at: float = 0.0
    deliveries: int = 0


class Mailbox:
    """Messages that nobody has taken. ``now``: seconds, on the clock that tests step."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._numbers = itertools.count(1)
        self.mails: list[Mail] = []

    async def send(self, message: Any, *, delay: float = 0) -> None:
        """Keep a message of the connector, to be seen after ``delay`` seconds."""
        self.put(msgspec.json.encode(message).decode(), delay)

    async def send_again(self, letter: Any) -> None:
        """Keep what was put aside once."""
        self.put(letter.text)

    def put(self, text: str, delay: float = 0) -> None:
        """Keep a message of anybody."""
        self.mails.append(Mail(text, f"m{next(self._numbers)}", self._now() + delay))

    def draw(self, chance: random.Random) -> Mail | None:
        """One message as the host delivers it, whichever; it is gone unless it is put back."""
        visible = [mail for mail in self.mails if mail.visible_at <= self._now()]
        if not visible:
            return None
        mail = chance.choice(visible)
        self.mails.remove(mail)
        return replace(mail, deliveries=mail.deliveries + 1)

    def put_back(self, mail: Mail) -> None:
        """It was not done."""
        self.mails.append(mail)

    def next_at(self) -> float | None:
        """When the next message can be seen; None where there is none."""
        return min((mail.visible_at for mail in self.mails), default=None)
