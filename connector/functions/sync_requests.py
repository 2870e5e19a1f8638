"""Full syncs over HTTP: ask for one, and see how far it is."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import azure.functions as func

from connector.functions.answers import answer, refuse, refuse_settings
from connector.functions.settings import load_settings
from connector.logs import log_event, quiet_libraries
from connector.settings import SettingsError

if TYPE_CHECKING:
    from connector.sync.service import StorageError

_log = logging.getLogger(__name__)

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("request_sync")
@blueprint.route("sync", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
async def request_sync(req: func.HttpRequest) -> func.HttpResponse:
    """Ask for a full sync: 202 with its id and where to see how far it is. Joins one that is running."""
    from connector.sync import service

    quiet_libraries()
    try:
        request = await service.request_sync(load_settings(_log))
    except SettingsError as error:
        return refuse_settings(error.problems)
    except service.StorageError as error:
        return _refuse_storage(error)
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
        return _refuse_storage(error)
    if progress is None:
        return refuse(404, "There is no sync of that id.", "Sync ids look like 20261123T004500Z-1a2b3c4d.")
    return answer(200, progress)


def _refuse_storage(error: StorageError) -> func.HttpResponse:
    log_event(_log, "storage_failed", level=logging.ERROR, message=error.sentence, advice=error.advice)
    return refuse(503, error.sentence, error.advice)
