"""When rounds cannot go on alone: a full sync is asked for, once and not at every look."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from msgspec.structs import replace

from connector.incremental import ledger
from connector.logs import log_event
from connector.settings import Settings
from connector.storage import Store
from connector.storage.records import AskedFor, Current, Rounds
from connector.sync.switches import fingerprint, switches

_log = logging.getLogger(__name__)

_AGAIN = timedelta(hours=1)
"""After this time a sync that did not help, or failed, is asked for once more."""
_MOST_AN_HOUR = 3
"""A need that every sync leaves behind must not keep the tenant busy with syncs."""


def obstacle(current: Current, settings: Settings) -> str | None:
    """Why rounds cannot go on from ``current`` at all, a sentence; None where they can."""
    wanted = switches(settings)
    changed = sorted(
        name for name in wanted.keys() | current.settings.keys() if wanted.get(name) != current.settings.get(name)
    )
    if changed:
        return f"The state in force was made with other settings: {', '.join(changed)}."
    made_with = fingerprint(settings)
    if any(cursor.fingerprint != made_with for cursor in current.cursors.values()):
        return "The cursors in force were made by another application, or by a version that tracks other properties."
    return None


def lost_cursors(current: Current) -> str | None:
    """Which kinds cannot be followed any more and why, a sentence; None where all can."""
    lost = {kind: cursor.lost for kind, cursor in sorted(current.cursors.items()) if cursor.lost}
    if not lost:
        return None
    return f"Changes of {', '.join(lost)} cannot be followed any more: {next(iter(lost.values()))}"


async def ask_for_full_sync(store: Store, settings: Settings, snapshot_id: str, reason: str, now: datetime) -> None:
    """Ask for a full sync because of ``reason``, unless one was asked for already that may still help.

    Args:
        snapshot_id: what is in force.

    Raises:
        StorageError: nothing was asked for, or it could not be noted; the next round does so again.
    """
    from connector.sync.service import request_sync

    held = await store.rounds()
    before = held.record.full_sync if held else None
    if before is not None and not _is_due(before, snapshot_id, reason, now):
        return
    request = await request_sync(settings)
    in_a_row = before.times + 1 if before is not None and _is_recent(before, now) else 1
    asked = AskedFor(sync_id=request.sync_id, snapshot_id=snapshot_id, reason=reason, asked_at=now, times=in_a_row)
    log_event(
        _log,
        "full_sync_needed",
        level=logging.WARNING,
        reason=reason,
        sync_id=request.sync_id,
        joined=request.joined,
    )

    def note(rounds: Rounds) -> Rounds:
        return replace(rounds, full_sync=asked)

    await ledger.write(store, now, note)


def _is_due(before: AskedFor, snapshot_id: str, reason: str, now: datetime) -> bool:
    if not _is_recent(before, now):
        return True
    same = before.snapshot_id == snapshot_id and before.reason == reason
    return not same and before.times < _MOST_AN_HOUR


def _is_recent(before: AskedFor, now: datetime) -> bool:
    return (
        abs(now - before.asked_at) < _AGAIN
    )  # somebody whose clock is ahead may have asked: it was asked all the same
