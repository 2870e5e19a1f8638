"""How a sync ends: published, failed or superseded. ``sync.json`` says so first, then the progress."""

from __future__ import annotations

import logging

from msgspec.structs import replace

from connector.logs import log_event
from connector.storage.errors import Conflict
from connector.storage.records import Failure, Sync, SyncState, Traffic
from connector.sync.announcing import failure_of, progress_of, tell
from connector.sync.context import Context
from connector.sync.planning import plan
from connector.sync.switches import switches

_log = logging.getLogger(__name__)


async def end(context: Context, sync: Sync, state: SyncState, failure: Failure | None = None) -> None:
    """Say that ``sync`` has ended, unless it has been said already."""
    held = await context.store.sync(sync.sync_id)
    if held is not None and held.record.state.final:
        ended = held.record
    else:
        ended = replace(held.record if held else sync, state=state, failure=failure)
        await context.store.replace_sync(ended, held)
        _log_end(ended)
    checkpoints = await context.board.look()
    planned = plan(context.readers, context.settings, checkpoints)
    await tell(context, progress_of(ended, planned, checkpoints, context.now()))


def _log_end(sync: Sync) -> None:
    level = logging.ERROR if sync.state is SyncState.FAILED else logging.INFO
    why = (
        {"unit": sync.failure.unit, "why": sync.failure.sentence, "advice": sync.failure.advice} if sync.failure else {}
    )
    log_event(_log, "sync_ended", level=level, sync_id=sync.sync_id, state=sync.state.value, **why)


async def fail(context: Context, sync_id: str, error: Exception, unit: str) -> None:
    """Say that the sync failed because of ``error``. The previous snapshot stays in force."""
    await fail_with(context, sync_id, failure_of(error, unit))


async def fail_with(context: Context, sync_id: str, failure: Failure) -> None:
    """Say that the sync failed, and why."""
    never_began = Sync(
        sync_id=sync_id,
        started_at=context.now(),
        settings=switches(context.settings),
        cursors={},
        traffic=Traffic(),
        state=SyncState.FAILED,
    )
    try:
        await end(context, never_began, SyncState.FAILED, failure)
    except Conflict:
        await end(context, never_began, SyncState.FAILED, failure)  # it was being written; it exists now
