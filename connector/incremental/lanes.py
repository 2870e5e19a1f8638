"""What a round of a lane looks at, decided from what is in force and what was read when: no I/O, no clock, no memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.incremental.asking import Ask
from connector.incremental.tracking import COMPARED, comparisons
from connector.storage.records import Current, Cursor, KindRound, Lane, Manifest, Rounds

SETTLED = timedelta(minutes=1)
"""Graph's delta may lag behind its notifications. So what was last read within this time of a notification is read once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What decides what is due.

    Attributes:
        cursors: those in force that are of use.
        manifest: of the snapshot in force: it tells what this tenant's Graph is like, and since when what it holds is known.
        subscribed: kinds of whose changes notifications tell, as far as is known.
        silence: how long such a kind may go without being looked at.
    """

    cursors: Mapping[str, Cursor]
    manifest: Manifest
    rounds: Rounds | None
    subscribed: Collection[str]
    silence: timedelta
    now: datetime

    def seen(self, kind: str) -> KindRound:
        """When ``kind`` was read, and how that went."""
        return (self.rounds.kinds.get(kind) if self.rounds else None) or KindRound()


def usable_cursors(current: Current) -> dict[str, Cursor]:
    """The cursors from which Graph goes on, as far as is known."""
    return {kind: cursor for kind, cursor in current.cursors.items() if cursor.lost is None}


def deltas_of(ask: Ask, situation: Situation) -> frozenset[str]:
    """The cursors to follow."""
    if ask.lane is not Lane.DIRECTORY:
        return frozenset()
    cursors = frozenset(situation.cursors)
    if ask.everything:
        return cursors
    due = {kind for kind in cursors if ask.due and _follow(kind, ask, situation)}
    return (ask.kinds & cursors) | due


def comparisons_of(ask: Ask, situation: Situation) -> list[str]:
    """The kinds to compare, in the order in which they are known."""
    every = comparisons(situation.manifest.notes, frozenset(situation.cursors))
    return [
        kind
        for kind, after in every.items()
        if COMPARED[kind].lane is ask.lane
        and (kind in ask.kinds or _signalled(situation.seen(kind)) or (ask.due and _old(kind, after, situation)))
    ]


def is_anything_due(lane: Lane, situation: Situation) -> bool:
    """Whether a round of ``lane`` has anything to do now. That of the directory does: it looks after the state as a whole, too."""
    ask = Ask(lane=lane, seen_at=situation.now, due=True)
    return lane is Lane.DIRECTORY or bool(comparisons_of(ask, situation))


def _follow(kind: str, ask: Ask, situation: Situation) -> bool:
    seen, now = situation.seen(kind), situation.now
    if (
        seen.read_at is None or seen.read_at > now or seen.problem is not None
    ):  # a clock that was set back proves nothing
        return True
    if kind not in situation.subscribed:
        return seen.read_at < ask.seen_at
    notified_at = situation.rounds.notified_at if situation.rounds else None
    unsettled = notified_at is not None and seen.read_at < notified_at + SETTLED <= now
    return unsettled or now - seen.read_at >= situation.silence


def _signalled(seen: KindRound) -> bool:
    last = _last(seen)
    return seen.signalled_at is not None and (last is None or last < seen.signalled_at)


def _old(kind: str, after: timedelta, situation: Situation) -> bool:
    last = max(situation.manifest.started_at, _last(situation.seen(kind)) or situation.manifest.started_at)
    return not last <= situation.now < last + after


def _last(seen: KindRound) -> datetime | None:
    """When Graph last said something definite about a kind, be it that it must not be read."""
    return max((at for at in (seen.read_at, seen.tried_at) if at is not None), default=None)
