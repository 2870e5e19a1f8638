"""What a round is asked to look at: one message of the changes queue, or many of them together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

import msgspec

from connector.incremental.tracking import DELTA_KINDS
from connector.storage.records import Cause, Lane, WakeMessage


class MalformedWake(Exception):
    """A text of the changes queue is not a message of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked of the next round of a lane.

    Attributes:
        kinds: what to look at in any case: cursors to follow, and kinds to compare.
        due: whether to look at what is due as well.
        everything: whether to follow every cursor, because what exactly was asked for is not known any more.
        seen_at: the youngest of the reasons to ask: what was read since then is not due again.
        notified: whether a notification is among them.
    """

    lane: Lane
    seen_at: datetime
    kinds: frozenset[str] = frozenset()
    due: bool = False
    everything: bool = False
    notified: bool = False

    @property
    def cause(self) -> Cause:
        """What is told of changes that the round finds by delta."""
        return Cause.NOTIFICATION if self.notified else Cause.DELTA

    @classmethod
    def of(cls, message: WakeMessage, *, again: bool = False) -> Self:
        """What ``message`` asks for.

        Args:
            again: it has been delivered before. Its first delivery may have taken further messages off the queue and died, so
                everything is looked at.
        """
        return cls(
            lane=message.lane,
            seen_at=message.seen_at,
            kinds=frozenset(message.kinds),
            due=not message.kinds or again,
            everything=again,
            notified=message.cause is Cause.NOTIFICATION,
        )

    def __or__(self, other: Ask) -> Ask:
        """Both at once."""
        if other.lane is not self.lane:
            raise ValueError("lanes are read apart")
        return Ask(
            lane=self.lane,
            seen_at=max(self.seen_at, other.seen_at),
            kinds=self.kinds | other.kinds,
            due=self.due or other.due,
            everything=self.everything or other.everything,
            notified=self.notified or other.notified,
        )

    def spelled_out(self) -> Ask:
        """The same, as messages can say it: every cursor by name."""
        kinds = self.kinds | (frozenset(DELTA_KINDS) if self.everything else frozenset())
        return replace(self, kinds=kinds, everything=False)

    def covers(self, other: Ask) -> bool:
        """Whether whoever does this does ``other``, too."""
        due = self.due or not other.due
        return self.lane is other.lane and other.spelled_out().kinds <= self.spelled_out().kinds and due

    def messages(self) -> list[WakeMessage]:
        """The messages that ask for this: one names kinds, one asks for what is due."""
        kinds = tuple(sorted(self.spelled_out().kinds))
        wanted = ([kinds] if kinds else []) + ([()] if self.due else [])
        return [WakeMessage(lane=self.lane, cause=self.cause, seen_at=self.seen_at, kinds=one) for one in wanted]


def parse_wake(text: str) -> WakeMessage:
    """The message in ``text``.

    Raises:
        MalformedWake: it is none.
    """
    try:
        return msgspec.json.decode(text, type=WakeMessage)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise MalformedWake(f"A message of the changes queue cannot be understood: {error}.") from None
