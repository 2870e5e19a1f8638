"""``GET /api/live``: the process runs. It says nothing else and asks nobody, so that anyone may call it."""

from __future__ import annotations

import azure.functions as func

from connector.functions.answers import answer

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("live")
@blueprint.route("live", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def live(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001  the host passes it
    """Answer ``{"status": "live"}``."""
    return answer(200, {"status": "live"})
