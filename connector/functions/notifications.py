"""``POST /api/notifications/{changes|lifecycle}``: where Microsoft Graph tells of changes.

Anonymous, because Graph cannot authenticate; what it sends carries a secret. Light, because it must answer in under three
seconds in a process that has just been started: it loads neither DuckDB nor msgraph.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING

import azure.functions as func

from connector.functions.settings import load_settings
from connector.logs import log_event, quiet_libraries
from connector.settings import SettingsError

if TYPE_CHECKING:
    from connector.notifications.service import Receiver

_log = logging.getLogger(__name__)
_CHANNELS = ("changes", "lifecycle")
_RETRY_AFTER_S = "10"

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("notifications")
@blueprint.route("notifications/{channel}", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
async def notifications(req: func.HttpRequest) -> func.HttpResponse:
    """Shake hands, or take notifications: 202 when everything genuine in the body is queued, however little that is.

    400, 413, 415: the body is none of notifications. 503: try again. No answer repeats anything of the request, but for the
    token of a handshake.
    """
    from connector.notifications.service import Refused, Unavailable

    channel = req.route_params.get("channel", "").lower()
    if channel not in _CHANNELS:
        return _answer(404)
    token = req.params.get("validationToken")
    if token is not None:
        return _shake_hands(channel, token)
    quiet_libraries()
    try:
        received = await _receiver().receive(load_settings(_log), req.headers.get("content-type"), req.get_body())
    except Refused as refused:
        log_event(_log, "notifications_refused", channel=channel, status=refused.status, reason=refused.reason)
        return _answer(refused.status)
    except (Unavailable, SettingsError) as error:
        why = str(error) if isinstance(error, Unavailable) else "the settings are not right"
        log_event(_log, "notifications_postponed", level=logging.ERROR, channel=channel, reason=why)
        return _answer(503, {"Retry-After": _RETRY_AFTER_S})
    log_event(_log, "notifications_received", channel=channel, **asdict(received))
    return _answer(202)


def _shake_hands(channel: str, token: str) -> func.HttpResponse:
    from connector.notifications.service import HEADERS, answer_to

    text = answer_to(token)
    log_event(_log, "notifications_handshake", channel=channel, accepted=text is not None)
    if text is None:
        return _answer(400)
    return func.HttpResponse(text, status_code=200, headers=dict(HEADERS), mimetype="text/plain", charset="utf-8")


def _answer(status: int, headers: dict[str, str] | None = None) -> func.HttpResponse:
    return func.HttpResponse(status_code=status, headers=headers)


@cache
def _receiver() -> Receiver:
    from connector.notifications.service import Receiver

    return Receiver()
