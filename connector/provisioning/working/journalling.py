"""What operations of several lines have brought about, put into the journal with one commit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connector.incremental.operations import Journalled, journal_effects
from connector.incremental.service import Follower
from connector.provisioning.working.effects import Effects
from connector.provisioning.working.readings import merged
from connector.storage import Current


async def journal_together(follower: Follower, effects: Sequence[Effects]) -> Journalled:
    """Put ``effects``, of one deployment, into the journal.

    All of them count as looked for when the first was: what was in force before that says for all which of them may be stale.

    Raises:
        StorageError: it is not known whether they were committed. Doing it again is right.
    """
    given = [one.since for one in effects if one.since is not None]
    first = min(given, key=lambda held: _place(held.record)) if len(given) == len(effects) else None
    return await journal_effects(
        follower,
        effects[0].store,
        effects[0].settings,
        merged(one.reading for one in effects),
        [id_ for one in effects for id_ in one.operations],
        since=first,
    )


def _place(current: Current) -> tuple[int, datetime]:
    """Which of two states was in force first."""
    return current.journal_head, current.committed_at or current.published_at
