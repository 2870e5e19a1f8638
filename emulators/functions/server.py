"""The HTTP server: functions by their routes, the admin API, and nothing else."""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping, Sequence

from aiohttp import web

from emulators.functions.admin import Admin
from emulators.functions.bindings import Function, HttpTrigger
from emulators.functions.invoker import Invoker
from emulators.functions.keys import AuthLevel, Keys
from emulators.functions.messages import to_caller, to_worker

DEFAULT_BODY_LIMIT = 104_857_600
"""Bytes: the real host's limit, which the setting FUNCTIONS_REQUEST_BODY_SIZE_LIMIT changes."""

_LAST_WORDS = 1.0
"""Seconds that connections get for sending what is ready when the host stops."""


class Server:
    """Answers on 127.0.0.1. A route that fits with another method is a 404, as in the real host."""

    def __init__(
        self, functions: Sequence[Function], invoker: Invoker, keys: Keys, admin: Admin, *, prefix: str, body_limit: int
    ) -> None:
        routed = [(f.trigger, f) for f in functions if isinstance(f.trigger, HttpTrigger) and not f.disabled]
        self._routed = sorted(routed, key=lambda pair: pair[0].route.precedence)
        self._invoker = invoker
        self._keys = keys
        self._admin = admin
        self._prefix = f"/{prefix}/" if prefix else "/"
        application = web.Application(client_max_size=body_limit)
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=_LAST_WORDS)

    async def start(self, listener: socket.socket) -> None:
        """Answer on a socket that is bound already."""
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()

    async def close(self) -> None:
        """Take no new connections; those that are open go on."""
        for site in list(self._runner.sites):
            await site.stop()

    async def stop(self) -> None:
        """Close every connection."""
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.rel_url.raw_path
        if path.lower().startswith("/admin/"):
            if not self._keys.open(AuthLevel.ADMIN, "", _given_key(request)):
                return web.Response(status=401)
            return await self._admin.answer(request)
        if path == "/":
            return web.Response(text="Your Functions app is up and running, on the emulator.")
        found = self._find(request.method, path)
        if found is None:
            return web.Response(status=404)
        function, trigger, parameters = found
        if not self._keys.open(trigger.level, function.name, _given_key(request)):
            return web.Response(status=401)
        return await self._invoke(function, request, parameters)

    def _find(self, method: str, path: str) -> tuple[Function, HttpTrigger, Mapping[str, str]] | None:
        if not path.lower().startswith(self._prefix.lower()):
            return None
        for trigger, function in self._routed:
            if trigger.methods is None or method in trigger.methods:
                parameters = trigger.route.match(path[len(self._prefix) :])
                if parameters is not None:
                    return function, trigger, parameters
        return None

    async def _invoke(self, function: Function, request: web.Request, parameters: Mapping[str, str]) -> web.Response:
        data = await to_worker(request, parameters)
        reason = "This function was programmatically called via the host APIs."
        outcome = await self._invoker.invoke(function, data, {}, reason=reason)
        if not outcome.succeeded:
            return web.Response(status=500)
        try:
            return to_caller(outcome.value)
        except ValueError as error:
            logging.getLogger(f"Function.{function.name}").error("The response cannot be sent: %s", error)
            return web.Response(status=500)


def _given_key(request: web.Request) -> str | None:
    return request.headers.get("x-functions-key") or request.query.get("code")
