"""``GET /api/openapi.json``: the operations API, described for programs; for whoever may call it."""

from __future__ import annotations

import logging

import azure.functions as func

from connector.functions.answers import answer
from connector.functions.callers import AUTH_LEVEL, AUTHENTICATED, caller_of
from connector.functions.explaining import explain
from connector.functions.settings import load_settings

_log = logging.getLogger(__name__)

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("openapi")
@blueprint.route("openapi.json", methods=["GET"], auth_level=AUTH_LEVEL)
async def openapi(req: func.HttpRequest) -> func.HttpResponse:
    """The description of this deployment's API, OpenAPI 3.1. It is the same whatever the deployment holds."""
    from connector.provisioning.asking.describing import describe

    try:
        caller_of(req.headers, load_settings(_log).tenant_id, writes=False)
    except Exception as error:
        told = explain(error, _log)
        if told is None:
            raise
        return told
    return answer(200, describe(authenticated=AUTHENTICATED))
