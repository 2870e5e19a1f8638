"""The triggers of full syncs: a timer and a request ask for one, the queue runs its steps."""

from __future__ import annotations

import logging
from functools import cache, partial
from typing import TYPE_CHECKING

import azure.functions as func

from connector.functions.rounds import follower
from connector.functions.settings import load_settings
from connector.logs import log_event, quiet_libraries

if TYPE_CHECKING:
    from connector.sync.service import Worker

_log = logging.getLogger(__name__)

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("full_sync_timer")
@blueprint.timer_trigger(arg_name="timer", schedule="%SYNC_SCHEDULE%", run_on_startup=False, use_monitor=True)
async def full_sync_timer(timer: func.TimerRequest) -> None:
    """Ask for a full sync. Work is left to the queue, so that a slow tenant cannot outlive the timer."""
    from connector.sync.service import request_sync

    quiet_libraries()
    request = await request_sync(load_settings(_log))
    log_event(
        _log, "sync_requested", sync_id=request.sync_id, joined=request.joined, by="timer", past_due=timer.past_due
    )


@blueprint.function_name("retention_timer")
@blueprint.timer_trigger(arg_name="timer", schedule="0 40 2 * * *", run_on_startup=False, use_monitor=True)
async def retention_timer(timer: func.TimerRequest) -> None:  # noqa: ARG001  the host passes it
    """Remove old snapshots and dead syncs. Every publication does so too; this is for when none follows."""
    from connector.sync.service import clean_up

    quiet_libraries()
    await clean_up(load_settings(_log))


@blueprint.function_name("compaction_timer")
@blueprint.timer_trigger(arg_name="timer", schedule="0 5/15 * * * *", run_on_startup=False, use_monitor=False)
async def compaction_timer(timer: func.TimerRequest) -> None:  # noqa: ARG001  the host passes it
    """Fold the journal into a new snapshot once it is long, so that reading the state stays quick."""
    from connector.sync.service import compact_journal

    quiet_libraries()
    await compact_journal(load_settings(_log))


@blueprint.function_name("sync_step")
@blueprint.queue_trigger(arg_name="message", queue_name="entra-sync", connection="AzureWebJobsStorage")
async def sync_step(message: func.QueueMessage) -> None:
    """Take one step of a sync. What it raises makes the host deliver the message again."""
    quiet_libraries()
    await _worker().run_step(load_settings(_log), message.get_body().decode(), delivery=message.dequeue_count or 1)


@cache
def _worker() -> Worker:
    """The worker of this process; it shares the connection to Graph with the rounds, and lets them catch up."""
    from connector.incremental.service import catch_up
    from connector.sync.service import Worker

    return Worker(follower().graph, partial(catch_up, follower=follower()))
