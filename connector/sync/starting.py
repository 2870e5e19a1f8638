"""The first step of a sync: cursors before anything is listed, then the first units."""

from __future__ import annotations

from connector.graph.errors import Throttled
from connector.storage.errors import Conflict
from connector.storage.records import Cursor, Running, StepMessage, Sync, SyncState
from connector.sync.announcing import START, announce
from connector.sync.context import Context
from connector.sync.switches import fingerprint, switches


async def start(context: Context, message: StepMessage) -> None:
    """Write ``sync.json`` once, with the cursors in it, and announce the first units.

    Delivered again, it finds ``sync.json`` and only announces what has not been announced. It does nothing for a sync that
    another one has superseded.

    Raises:
        GraphError, StorageError: as met; nothing has been written then.
    """
    held = await context.store.sync(message.sync_id)
    if held is None:
        running = await context.store.running()
        if running is None or running.record.sync_id != message.sync_id:
            return
        try:
            sync = await _begin(context, running.record)
        except Throttled as waiting:
            await context.send(message, delay=waiting.retry_after)
            return
        try:
            held = await context.store.replace_sync(sync, None)
        except Conflict:
            held = await context.store.sync(message.sync_id)  # another delivery of this message was faster
    if held is not None and held.record.state is SyncState.RUNNING:
        await announce(context, held.record, f"{START}#0", set())


async def _begin(context: Context, running: Running) -> Sync:
    started_at = context.now()
    current = await context.store.current()  # before the cursors: what is journalled later is younger than they are
    async with context.open_graph() as graph:
        links = await context.take_cursors(graph.session, context.settings)
        made_with = fingerprint(context.settings)
        return Sync(
            sync_id=running.sync_id,
            started_at=started_at,
            settings=switches(context.settings),
            cursors={
                kind: Cursor(link=link, taken_at=started_at, fingerprint=made_with) for kind, link in links.items()
            },
            journal_head=current.record.journal_head if current else 0,
            last_segment=current.record.last_segment if current else "",
            traffic=graph.meter.take(),
            state=SyncState.RUNNING,
            accept_shrinking=running.accept_shrinking,
        )
