"""The admin API: the state of the host, its functions, and running one by hand."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from emulators.functions.bindings import Function, HttpTrigger, QueueTrigger, TimerTrigger
from emulators.functions.deliveries import data_of, message_by_hand, metadata_of
from emulators.functions.invoker import Invoker
from emulators.functions.timers import TimerListener

_REASON = "This function was programmatically called via the host APIs."


class Admin:
    """Answers what is under ``/admin/``, to callers whose key has been checked."""

    def __init__(self, functions: Sequence[Function], timers: Sequence[TimerListener], invoker: Invoker) -> None:
        self._functions = {function.name.lower(): function for function in functions}
        self._timers = {timer.function_name.lower(): timer for timer in timers}
        self._invoker = invoker
        self._id = uuid.uuid4().hex
        self._began = time.monotonic()
        self._runs: set[asyncio.Task[None]] = set()

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request."""
        origin = str(request.url.origin())
        match request.method, request.path.strip("/").split("/")[1:]:
            case "GET", ["host", "status"]:
                return web.json_response(self._status())
            case "GET" | "POST", ["host", "ping"]:
                return web.Response()
            case "GET", ["functions"]:
                return web.json_response([_described(function, origin) for function in self._functions.values()])
            case "GET", ["functions", name] if function := self._functions.get(name.lower()):
                return web.json_response(_described(function, origin))
            case "POST", ["functions", name] if function := self._functions.get(name.lower()):
                return await self._start(function, request)
        return web.Response(status=404)

    async def settle(self) -> None:
        """Wait until every run that was started by hand has ended."""
        await asyncio.gather(*self._runs, return_exceptions=True)

    def _status(self) -> dict[str, Any]:
        uptime = round((time.monotonic() - self._began) * 1000)
        return {"id": self._id, "state": "Running", "version": "4.0.0.0", "processUptime": uptime}

    async def _start(self, function: Function, request: web.Request) -> web.Response:
        if isinstance(function.trigger, HttpTrigger):
            return web.Response(status=400, text=f"{function.name} is an HTTP function: call its URL.")
        try:
            body = await request.json() if request.can_read_body else {}
        except ValueError:
            body = None
        given = body.get("input") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(given, str | None):
            return web.Response(status=400, text='The body must be JSON: {"input": "a text"}.')
        task = asyncio.create_task(self._run(function, given or ""))
        self._runs.add(task)
        task.add_done_callback(self._runs.discard)
        return web.Response(status=202)

    async def _run(self, function: Function, given: str) -> None:
        match function.trigger:
            case TimerTrigger():
                await self._timers[function.name.lower()].fire(_REASON)
            case QueueTrigger():
                metadata = metadata_of(message_by_hand(given, str(uuid.uuid4())), given)
                await self._invoker.invoke(function, data_of(given), metadata, reason=_REASON)


def _described(function: Function, origin: str) -> dict[str, Any]:
    return {
        "name": function.name,
        "href": f"{origin}/admin/functions/{function.name}",
        "config": {"name": function.name, "bindings": list(function.raw_bindings), "language": "python"},
        "language": "python",
        "isDisabled": function.disabled,
    }
