"""What a message of the sync queue means, whatever has become of the sync meanwhile.

Queues deliver at least once, and a step may die anywhere. So every message can be taken again:

* A step first **claims** its unit by replacing the checkpoint under ``If-Match``. When a message is delivered twice, the later
  one claims last; the earlier one loses at its next save and stops, and what it had staged is never read.
* A step that hands over saves ``waiting`` with the next step's number before it asks for it. Delivered again, it finds that
  number, announces what can begin, asks once more, and stops.
* A unit that has ended is not read again, but what it lets begin is announced again, in case the step died in between.
"""

from __future__ import annotations

import logging

from msgspec.structs import replace

from connector.graph.errors import GraphError, GraphUnreachable, RequestRefused, Throttled, UnexpectedAnswer
from connector.logs import log_event
from connector.storage import Held
from connector.storage.errors import Conflict, StorageError
from connector.storage.records import Checkpoint, StepMessage, Sync, SyncState, UnitState
from connector.sync.announcing import PUBLISH, START, announce
from connector.sync.context import Context
from connector.sync.ending import end, fail
from connector.sync.reading import ReadingStep, is_refusal
from connector.sync.starting import start
from connector.sync.switches import switches

_log = logging.getLogger(__name__)


async def take_step(context: Context, message: StepMessage, *, last_try: bool) -> None:
    """Do what ``message`` asks for.

    Args:
        last_try: the message will not be delivered again if this fails, so a failure ends the sync.

    Raises:
        Exception: something that may pass; the message should be delivered again.
    """
    try:
        await _take(context, message, last_try=last_try)
    except Conflict:
        return  # somebody else works on the same unit and was faster
    except Exception as error:
        if not (last_try or is_permanent(error)):
            raise
        await fail(context, message.sync_id, error, message.unit)


def is_permanent(error: Exception) -> bool:
    """Whether asking again would get the same answer."""
    if isinstance(error, RequestRefused):
        return is_refusal(error) or error.status == 401
    if isinstance(error, GraphError):
        return not isinstance(error, GraphUnreachable | Throttled | UnexpectedAnswer)
    if isinstance(error, StorageError):
        return not error.transient
    return bool(getattr(error, "permanent", False))


async def _take(context: Context, message: StepMessage, *, last_try: bool) -> None:
    if message.unit == START:
        await start(context, message)
        return
    held = await context.store.sync(message.sync_id)
    if held is None or held.record.state is not SyncState.RUNNING:
        return
    sync = held.record
    if sync.settings != switches(context.settings):
        raise SettingsChanged
    claimed = await _claim(context, sync, message)
    if claimed is None:
        return
    if message.unit == PUBLISH:
        from connector.sync.publishing.publish import publish

        manifest = await publish(context, sync)
        await end(context, sync, SyncState.PUBLISHED if manifest else SyncState.SUPERSEDED)
        await _clean_up(context)
    else:
        await ReadingStep(context, sync, claimed, _signature(message), last_try=last_try).run()


async def _claim(context: Context, sync: Sync, message: StepMessage) -> Held[Checkpoint] | None:
    """The checkpoint, once it says that this delivery works on it; None if there is nothing to work on."""
    held = await context.board.get(message.unit)
    if held is None:
        return None
    checkpoint = held.record
    if checkpoint.state.ended:
        await announce(context, sync, _signature(message), set())
        return None
    if checkpoint.state is UnitState.WAITING and checkpoint.step == message.step + 1:
        await announce(context, sync, _signature(message), set())
        await context.send(StepMessage(sync_id=sync.sync_id, unit=message.unit, step=checkpoint.step))
        return None
    if checkpoint.step != message.step:
        return None
    claim = replace(checkpoint, state=UnitState.READING, attempt=checkpoint.attempt + 1, updated_at=context.now())
    return await context.board.put(claim, held)


async def _clean_up(context: Context) -> None:
    """Remove what is too old. The sync has ended already; what fails here, the timer does later."""
    from connector.sync.retention import remove_old

    try:
        await remove_old(context.store, context.settings, context.now())
    except StorageError as error:
        log_event(_log, "clean_up_failed", level=logging.WARNING, message=error.sentence, advice=error.advice)


def _signature(message: StepMessage) -> str:
    return f"{message.unit}#{message.step}"


class SettingsChanged(Exception):
    """The switches are not those with which the sync began, so its rows would not fit together."""

    advice = "Start another full sync; it uses the settings as they are now."
    permanent = True

    def __init__(self) -> None:
        super().__init__("The settings were changed while the sync was running.")
