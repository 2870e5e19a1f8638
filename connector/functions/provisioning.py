"""The triggers of provisioning: the queue says what there is to do, a timer finds what messages lost."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

import azure.functions as func

from connector.functions.rounds import follower
from connector.functions.settings import load_settings
from connector.logs import quiet_libraries

if TYPE_CHECKING:
    from connector.provisioning.service import Provisioner

_log = logging.getLogger(__name__)

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("provisioning")
@blueprint.queue_trigger(arg_name="message", queue_name="entra-operations", connection="AzureWebJobsStorage")
async def provisioning(message: func.QueueMessage) -> None:
    """Work on a line of operations, or accept what another system asks for. What it raises makes the host deliver the message
    again."""
    quiet_libraries()
    await _provisioner().take_message(
        load_settings(_log),
        message.get_body().decode(errors="replace"),
        delivery=message.dequeue_count or 1,
        message_id=message.id or "",
    )


@blueprint.function_name("provisioning_poison")
@blueprint.queue_trigger(arg_name="message", queue_name="entra-operations-poison", connection="AzureWebJobsStorage")
async def provisioning_poison(message: func.QueueMessage) -> None:
    """Take what the queue gave up: nothing is left lying where nobody looks."""
    quiet_libraries()
    await _provisioner().bury(load_settings(_log), message.get_body().decode(errors="replace"))


@blueprint.function_name("provisioning_timer")
@blueprint.timer_trigger(arg_name="timer", schedule="10 * * * * *", run_on_startup=False, use_monitor=False)
async def provisioning_timer(timer: func.TimerRequest) -> None:  # noqa: ARG001  the host passes it
    """Wake the lines that are due and have heard of nobody. Most ticks are one list of blobs."""
    from connector.provisioning.service import look_after_lines

    quiet_libraries()
    await look_after_lines(load_settings(_log))


@cache
def _provisioner() -> Provisioner:
    """The provisioner of this process; it shares the connection to Graph and the replica with rounds."""
    from connector.provisioning.service import Provisioner

    return Provisioner(follower())
