"""``GET /api/connect`` and ``/api/connect/callback``: where an administrator begins and ends giving consent.

Anonymous: who comes is nobody that the platform knows, and may be of another tenant. Both do nothing but check, until a browser brings
back a state that was signed for it.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import azure.functions as func

from connector.functions.settings import load_settings
from connector.logs import log_event, quiet_libraries
from connector.settings import SettingsError

if TYPE_CHECKING:
    from connector.consent.pages import Page

_log = logging.getLogger(__name__)

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("connect")
@blueprint.route("connect", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def connect(req: func.HttpRequest) -> func.HttpResponse:
    """Send a browser to Microsoft Entra ID's page for consent, or say why not."""
    from connector.consent import said
    from connector.consent.pages import HEADERS, Page
    from connector.consent.service import depart

    try:
        settings = load_settings(_log)
    except SettingsError:
        return _shown(said.settings_wrong())
    found = depart(settings, req.params.get("tenant"), req.headers.get("Cookie", ""), datetime.now(UTC))
    if isinstance(found, Page):
        return _shown(found)
    log_event(_log, "consent_begun")
    return func.HttpResponse(
        status_code=302, headers={**HEADERS, "Location": found.location, "Set-Cookie": found.cookie}
    )


@blueprint.function_name("connect_callback")
@blueprint.route("connect/callback", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def connect_callback(req: func.HttpRequest) -> func.HttpResponse:
    """Show what came of it."""
    from connector.consent import said
    from connector.consent.service import arrive

    quiet_libraries()
    try:
        settings = load_settings(_log)
    except SettingsError:
        return _shown(said.settings_wrong())
    return _shown(await arrive(settings, req.params, req.headers.get("Cookie", ""), datetime.now(UTC)))


def _shown(page: Page) -> func.HttpResponse:
    level = logging.ERROR if page.status == 500 else logging.INFO
    log_event(_log, "consent_page", level=level, page=page.name, status=page.status)
    return func.HttpResponse(
        page.html, status_code=page.status, headers=page.headers, mimetype="text/html", charset="utf-8"
    )
