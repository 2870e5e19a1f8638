"""Full syncs over HTTP: ask for one, and see how far it is."""

from __future__ import annotations

import json
import logging
from urllib.parse import urlsplit

import azure.functions as func

from connector.functions.answers import answer, refuse, refuse_settings, refuse_storage
from connector.functions.settings import load_settings
from connector.logs import log_event, quiet_libraries
from connector.settings import SettingsError

_log = logging.getLogger(__name__)

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("request_sync")
@blueprint.route("sync", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
async def request_sync(req: func.HttpRequest) -> func.HttpResponse:
    """Ask for a full sync: 202 with its id and where to see how far it is. Joins one that is running.

    The body may name kinds that are expected to shrink, ``{"accept_shrinking": ["groups"]}``. A sync that is running
    already was not told so: 409.
    """
    from connector.sync import service

    quiet_libraries()
    try:
        accepted = _accept_shrinking(req.get_body())
        request = await service.request_sync(load_settings(_log), accept_shrinking=accepted)
    except _BadBody as error:
        return refuse(400, str(error), 'Send no body, or {"accept_shrinking": ["groups"]}.')
    except service.UnknownKinds as error:
        return refuse(400, error.sentence, error.advice)
    except service.SyncRunning as error:
        return refuse(409, str(error), "Ask again when it has ended.")
    except SettingsError as error:
        return refuse_settings(error.problems)
    except service.StorageError as error:
        return refuse_storage(_log, "storage_failed", error)
    log_event(_log, "sync_requested", sync_id=request.sync_id, joined=request.joined, by="request")
    address = urlsplit(req.url)
    location = f"{address.scheme}://{address.netloc}{address.path.rstrip('/')}/{request.sync_id}"
    body = {"sync_id": request.sync_id, "joined": request.joined, "status_url": location}
    return answer(202, body, location=location)


@blueprint.function_name("sync_status")
@blueprint.route("sync/{id}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
async def sync_status(req: func.HttpRequest) -> func.HttpResponse:
    """How far a sync is, as its ``progress.json`` says; 404 where there is none of that id."""
    from connector.sync import service

    quiet_libraries()
    sync_id = req.route_params.get("id", "")
    try:
        progress = await service.sync_status(load_settings(_log), sync_id)
    except SettingsError as error:
        return refuse_settings(error.problems)
    except service.StorageError as error:
        return refuse_storage(_log, "storage_failed", error)
    if progress is None:
        return refuse(404, "There is no sync of that id.", "Sync ids look like 20261123T004500Z-1a2b3c4d.")
    return answer(200, progress)


class _BadBody(ValueError):
    """The body of a request is not what it should be."""


def _accept_shrinking(body: bytes) -> list[str]:
    """The kinds that the body of a request names."""
    if not body.strip():
        return []
    try:
        document = json.loads(body)
    except ValueError:
        raise _BadBody("The body is not JSON.") from None
    except RecursionError:
        raise _BadBody("The body is nested too deeply.") from None
    if not isinstance(document, dict) or set(document) - {"accept_shrinking"}:
        raise _BadBody("The body is not an object with nothing but accept_shrinking.")
    names = document.get("accept_shrinking", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _BadBody("accept_shrinking is not a list of names.")
    return names
