"""The page on which people enter the code that a device or a command line shows, and say yes or no."""

from __future__ import annotations

import uuid
from html import escape
from urllib.parse import parse_qsl

from emulators.graph.service.aadsts import SignInError
from emulators.graph.service.context import Context
from emulators.graph.service.messages import Reply
from emulators.graph.service.pages import html
from emulators.graph.service.pages.accounts import accounts_shown
from emulators.graph.service.people.devices import Devices
from emulators.graph.service.people.endpoint import DEVICE_PAGE
from emulators.graph.service.signin import SignInRequest


class DevicePage:
    """Serves ``/devicelogin``; ``?code=…`` fills the field in."""

    def __init__(self, context: Context, devices: Devices) -> None:
        self._context = context
        self._devices = devices

    def serve(self, request: SignInRequest) -> Reply | None:
        """The page, what follows from its form, or None when the path is another."""
        if request.path != DEVICE_PAGE or request.method not in ("GET", "POST"):
            return None
        if request.method == "GET":
            return self._page(dict(request.options).get("code", ""))
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        try:
            return self._decided(form)
        except SignInError as error:
            return html.refusal(error, self._context.clock, str(uuid.uuid4()))

    def _page(self, code: str) -> Reply:
        accounts = accounts_shown(self._context.tenant)
        return html.page(
            "Enter the code to sign in",
            "<p>Go on only if you have just begun to sign in on a device or in a command line.</p>",
            '<form method="post" id="device">',
            f'<p><label>Code <input name="code" id="code" autocomplete="off" value="{escape(code)}"></label></p>',
            html.choices(accounts, accounts[0][0] if accounts else ""),
            html.button("cancel", "Cancel"),
            html.button("continue", "Continue"),
            "</form>",
        )

    def _decided(self, form: dict[str, str]) -> Reply:
        code = form.get("code", "")
        name = self._devices.entered(code).client.name
        if form.get("decision") != "continue":
            self._devices.decline(code)
            return html.page("Not signed in", f'<p id="done">{escape(name)} was not signed in.</p>')
        self._devices.approve(code, form.get("other", "").strip() or form.get("account", ""))
        return html.page(
            "Signed in", f'<p id="done">You have signed in to {escape(name)}. You may now close this window.</p>'
        )
