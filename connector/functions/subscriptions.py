"""The triggers of subscriptions: a timer asks whether it is time to look after them, the queue does it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import azure.functions as func

from connector.functions.settings import load_settings
from connector.logs import log_event, quiet_libraries

_log = logging.getLogger(__name__)

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("subscription_timer")
@blueprint.timer_trigger(arg_name="timer", schedule="25 */5 * * * *", run_on_startup=False, use_monitor=True)
async def subscription_timer(timer: func.TimerRequest) -> None:  # noqa: ARG001  the host passes it
    """Ask for the subscriptions to be looked after, every few hours, and at once in a deployment that is new or has moved.

    Most ticks read one blob and end. Work is left to the queue, which delivers the message again if the process dies.
    """
    from connector.subscriptions.service import ask_if_due

    quiet_libraries()
    if await ask_if_due(load_settings(_log), datetime.now(UTC)):
        log_event(_log, "subscriptions_due")


@blueprint.function_name("lifecycle_event")
@blueprint.queue_trigger(arg_name="message", queue_name="entra-lifecycle", connection="AzureWebJobsStorage")
async def lifecycle_event(message: func.QueueMessage) -> None:
    """Look after subscriptions. What it raises makes the host deliver the message again."""
    from connector.subscriptions.service import handle_message

    quiet_libraries()
    await handle_message(load_settings(_log), message.get_body().decode())
