"""The triggers of rounds: a timer asks for what is due, the queue says that something may have changed."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

import azure.functions as func

from connector.functions.settings import load_settings
from connector.logs import log_event, quiet_libraries

if TYPE_CHECKING:
    from connector.incremental.service import Follower

_log = logging.getLogger(__name__)

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("incremental_timer")
@blueprint.timer_trigger(arg_name="timer", schedule="%INCREMENTAL_SCHEDULE%", run_on_startup=False, use_monitor=False)
async def incremental_timer(timer: func.TimerRequest) -> None:  # noqa: ARG001  the host passes it
    """Ask for a round of whatever is due. That a tick was missed is no reason for another: the next one asks for the same."""
    from connector.incremental.service import wake_what_is_due

    quiet_libraries()
    lanes = await wake_what_is_due(load_settings(_log))
    log_event(_log, "rounds_due", level=logging.DEBUG, lanes=" ".join(lanes))


@blueprint.function_name("incremental_round")
@blueprint.queue_trigger(arg_name="message", queue_name="entra-changes", connection="AzureWebJobsStorage")
async def incremental_round(message: func.QueueMessage) -> None:
    """Have the round done that a message asks for. What it raises makes the host deliver the message again."""
    quiet_libraries()
    settings, text = load_settings(_log), message.get_body().decode(errors="replace")
    await follower().take_message(settings, text, delivery=message.dequeue_count or 1)


@cache
def follower() -> Follower:
    """The follower of this process."""
    from connector.incremental.service import Follower

    return Follower()
