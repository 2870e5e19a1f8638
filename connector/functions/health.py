"""``GET /api/health``: whether everything works that the deployment depends on, for monitoring and for whoever sets it up.

It asks Microsoft Entra ID, Graph, Key Vault and storage, so it takes a function key; ``GET /api/live`` takes none and asks nobody.
"""

from __future__ import annotations

import azure.functions as func

from connector.functions.answers import answer_typed
from connector.logs import quiet_libraries
from connector.settings import Settings, SettingsError

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("health")
@blueprint.route("health", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
async def health(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001  the host passes it
    """Every finding: 200 where nothing has failed, 503 where something has."""
    from connector.health.findings import State
    from connector.health.service import examine, settings_report

    quiet_libraries()
    try:
        settings = Settings.load()
    except SettingsError as error:
        return answer_typed(503, settings_report(error))
    found = await examine(settings)
    return answer_typed(503 if found.state is State.FAILED else 200, found)
