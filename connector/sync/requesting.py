"""Asking for a sync. One at a time may run for a tenant.

``syncs/running.json`` names the sync that may run and is replaced under ``If-Match``, so that of two requests at the same
moment one wins and the other joins it. A sync counts as alive until it has ended, or until the time that its progress
promises has passed without another word; then the next request takes over and marks it superseded. Should the dead one
come back to life, its steps find that mark and stop; and publishing never replaces a younger snapshot by an older one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from connector.storage import Held, Store
from connector.storage.errors import Conflict
from connector.storage.records import Progress, Running, Sync, SyncState
from connector.sync.announcing import SILENCE
from connector.sync.errors import UnknownKinds
from connector.sync.ids import new_sync_id, requested_at


@dataclass(frozen=True, slots=True)
class Request:
    """The sync that runs, and whether it was running already (``joined``)."""

    sync_id: str
    joined: bool
    alive_until: datetime


def check_kinds(names: Collection[str]) -> None:
    """Check names of kinds that came from people.

    Raises:
        UnknownKinds: not every one is a kind.
    """
    from connector.sync.kinds import READERS

    known = [reader.name for reader in READERS]
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise UnknownKinds(unknown, known)


async def claim_sync(
    store: Store, now: datetime, *, take_over: bool = False, accept_shrinking: Collection[str] = ()
) -> Request:
    """The sync that may run now: the one that does, or a new one.

    Args:
        take_over: do not join a sync that is alive; supersede it.
        accept_shrinking: kinds that a new sync does not hold back. One that is joined goes on as it was asked for.
    """
    held = await store.running()
    if held is not None and not take_over:
        alive = await _alive(store, held.record, now)
        if alive is not None:
            return Request(held.record.sync_id, True, alive)
    sync_id = _next_id(held.record.sync_id if held else None, now)
    try:
        accepted = tuple(sorted(set(accept_shrinking)))
        await store.replace_running(Running(sync_id=sync_id, requested_at=now, accept_shrinking=accepted), held)
    except Conflict:
        return await claim_sync(store, now, accept_shrinking=accept_shrinking)
    if held is not None:
        await _supersede(store, held.record.sync_id)
    alive_until = now + SILENCE
    await store.write_progress(
        Progress(
            sync_id=sync_id,
            state=SyncState.QUEUED,
            stage="queued",
            requested_at=now,
            updated_at=now,
            alive_until=alive_until,
        )
    )
    return Request(sync_id, False, alive_until)


def _next_id(last: str | None, now: datetime) -> str:
    """A new id that sorts after the last one, even where both are asked for in the same second."""
    earliest = requested_at(last) + timedelta(seconds=1) if last else now
    return new_sync_id(max(now, earliest))


async def _alive(store: Store, running: Running, now: datetime) -> datetime | None:
    """Until when the sync that is marked as running counts as alive; None if it does not."""
    sync = await store.sync(running.sync_id)
    if sync is not None and sync.record.state.final:
        return None
    progress = await store.progress(running.sync_id)
    alive_until = progress.alive_until if progress else running.requested_at + SILENCE
    return alive_until if now < alive_until else None


async def _supersede(store: Store, sync_id: str) -> None:
    """Stop the steps of a sync, unless it has ended."""
    try:
        held: Held[Sync] | None = await store.sync(sync_id)
        if held is not None and not held.record.state.final:
            await store.replace_sync(replace(held.record, state=SyncState.SUPERSEDED), held)
    except Conflict:
        return  # it has just ended by itself
    progress = await store.progress(sync_id)
    if progress is not None and not progress.state.final:
        await store.write_progress(replace(progress, state=SyncState.SUPERSEDED, stage="done"))
