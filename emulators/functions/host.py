"""The host: everything put together, started and stopped."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from emulators.functions.admin import Admin
from emulators.functions.bindings import Function, HttpTrigger, QueueTrigger, TimerTrigger, parse_functions
from emulators.functions.deliveries import Terms
from emulators.functions.errors import HostRefused
from emulators.functions.hostjson import HostConfiguration, read_host_json
from emulators.functions.invoker import Invoker
from emulators.functions.keys import AuthLevel, Keys
from emulators.functions.logs import configure_logging
from emulators.functions.queues import QueueListener
from emulators.functions.server import DEFAULT_BODY_LIMIT, Server
from emulators.functions.settings import platform_settings, read_local_settings
from emulators.functions.storagequeues import StorageQueues
from emulators.functions.timers import TimerListener
from emulators.functions.worker import Worker

_SETTLING = timedelta(seconds=5)
"""What deliveries get, once no invocation runs, for deleting their messages or handing them back."""


@dataclass(frozen=True, slots=True)
class HostOptions:
    """How to host an app.

    Args:
        app: the folder with ``host.json`` and ``function_app.py``.
        port: the HTTP port on 127.0.0.1; 0 for a free one.
        settings: a ``local.settings.json``; None for none. The environment has precedence.
        keys: a file that keeps the keys between starts; None for new ones each time.
        max_polling: replaces ``maxPollingInterval`` of ``host.json``.
        queue_lock: how long a message is hidden at a time while its invocation runs; the real host takes ten minutes.
        grace: how long running invocations may go on when the host stops.
    """

    app: Path
    port: int = 0
    settings: Path | None = None
    keys: Path | None = None
    max_polling: timedelta | None = None
    queue_lock: timedelta = timedelta(minutes=10)
    grace: timedelta = timedelta(seconds=10)


class Host:
    """One app, hosted. One a process, because the worker library keeps its state in globals."""

    def __init__(self, options: HostOptions) -> None:
        self._options = options
        self._worker = Worker()
        self._listening: list[asyncio.Task[None]] = []
        self._queue_listeners: list[QueueListener] = []
        self._log = logging.getLogger("Host.Startup")

    async def start(self) -> dict[str, Any]:
        """Load the app and serve it. Returns what callers need to know, ready for JSON.

        Raises:
            HostRefused: the app or its configuration cannot be hosted; nothing has been started.
        """
        app = self._options.app.resolve()
        configuration = read_host_json(app)
        listener = _bind(self._options.port)
        port = int(listener.getsockname()[1])
        self._apply_settings(app, port)
        self._queues = StorageQueues(in_base64=configuration.queues.base64)
        self._invoker = Invoker(self._worker, self._queues, configuration.function_timeout)
        debug = os.environ.get("PYTHON_ENABLE_DEBUG_LOGGING", "").lower() in {"1", "true"}
        configure_logging(configuration, self._invoker.current_function, debug=debug)
        functions = parse_functions(await self._worker.start(app), os.environ)
        keys = self._keys([function.name for function in functions])
        timers = self._timers(functions)
        self._admin = Admin(functions, timers, self._invoker)
        self._server = Server(
            functions, self._invoker, keys, self._admin, prefix=configuration.route_prefix, body_limit=_body_limit()
        )
        await self._listen(functions, timers, configuration)
        await self._server.start(listener)
        url = f"http://127.0.0.1:{port}"
        self._log.info("Host started with %d functions on %s", len(functions), url)
        described = [_described(function, f"{url}/{configuration.route_prefix}", keys) for function in functions]
        return {"url": url, "master_key": keys.master, "host_key": keys.host, "functions": described}

    async def stop(self) -> bool:
        """Take nothing new, let what runs finish within the grace time, and end. Tells whether all has finished."""
        self._log.info("Host is stopping")
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)
        await self._server.close()
        finished = await self._invoker.finish(self._options.grace)
        for queue_listener in self._queue_listeners:
            finished &= await queue_listener.finish(_SETTLING if finished else timedelta(0))
        await self._server.stop()
        await self._queues.close()
        self._worker.stop()
        self._log.info("Host has stopped%s", "" if finished else "; invocations were still running")
        return finished

    def _apply_settings(self, app: Path, port: int) -> None:
        values = read_local_settings(self._options.settings) if self._options.settings else {}
        for name, value in {**platform_settings(app, port), **values}.items():
            os.environ.setdefault(name, value)
        if os.environ["FUNCTIONS_WORKER_RUNTIME"] != "python":
            raise HostRefused([f"FUNCTIONS_WORKER_RUNTIME is {os.environ['FUNCTIONS_WORKER_RUNTIME']}, not python."])
        if os.environ.get("WEBSITE_TIME_ZONE"):
            raise HostRefused(["WEBSITE_TIME_ZONE is not supported: schedules are in UTC, as they are on Linux plans."])
        os.chdir(app)

    def _keys(self, names: Sequence[str]) -> Keys:
        return Keys.kept_in(self._options.keys, names) if self._options.keys else Keys.make(names)

    def _timers(self, functions: Sequence[Function]) -> list[TimerListener]:
        return [TimerListener(f, f.trigger, self._invoker) for f in functions if isinstance(f.trigger, TimerTrigger)]

    async def _listen(
        self, functions: Sequence[Function], timers: Sequence[TimerListener], configuration: HostConfiguration
    ) -> None:
        options = configuration.queues
        if self._options.max_polling is not None:
            options = replace(options, max_polling_interval=self._options.max_polling)
        terms = Terms(options, self._options.queue_lock)
        disabled = {function.name for function in functions if function.disabled}
        for function in functions:
            if isinstance(function.trigger, QueueTrigger) and not function.disabled:
                queue_listener = QueueListener(function, function.trigger, self._invoker, self._queues, terms)
                await queue_listener.prepare()
                self._queue_listeners.append(queue_listener)
                self._in_background(queue_listener.run())
        for timer in timers:
            if timer.function_name not in disabled:
                self._in_background(timer.run())

    def _in_background(self, listener: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(listener)
        task.add_done_callback(self._report)
        self._listening.append(task)

    def _report(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.critical("A listener has failed: %r", error, exc_info=error)


def _bind(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise HostRefused([f"Port {port} of 127.0.0.1 cannot be used: {error.strerror}."]) from error
    return listener


def _body_limit() -> int:
    text = os.environ.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", str(DEFAULT_BODY_LIMIT))
    if not (text.isascii() and text.isdigit() and int(text)):
        raise HostRefused([f"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT must be a number of bytes, not {text!r}."])
    return int(text)


def _described(function: Function, base: str, keys: Keys) -> dict[str, Any]:
    facts: dict[str, Any] = {"name": function.name, "disabled": function.disabled}
    match function.trigger:
        case HttpTrigger(route=route, methods=methods, level=level):
            facts |= {"trigger": "http", "route": route.template, "url": f"{base.rstrip('/')}/{route.template}"}
            facts |= {"methods": sorted(methods) if methods is not None else None, "auth_level": str(level)}
            if level is AuthLevel.FUNCTION:
                facts["key"] = keys.functions[function.name]
        case TimerTrigger(schedule=schedule):
            facts |= {"trigger": "timer", "schedule": schedule.expression}
        case QueueTrigger(queue=queue):
            facts |= {"trigger": "queue", "queue": queue}
    return facts
