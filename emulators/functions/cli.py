"""The command line of the host."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import TextIO

from emulators.functions.errors import HostRefused
from emulators.functions.host import Host, HostOptions
from emulators.processes import STOP_WITH_STDIN, call_when_stdin_closes

_EPILOG = """
When the host is ready it prints one JSON line on standard output: url, master_key, host_key and functions (name, trigger,
and for HTTP functions route, url, methods, auth_level, key). Everything else, also what functions print, goes to standard
error. SIGTERM or SIGINT stops it; invocations that run may finish within the grace time.

Exit codes: 0 stopped; 1 the app or its configuration was refused; 3 stopped while invocations were still running.

Run a timer now, as on Azure:
  curl -X POST -H "x-functions-key: MASTER_KEY" -H "Content-Type: application/json" -d '{}' URL/admin/functions/NAME
"""


def main() -> int:
    """Run a host until it is told to stop. Returns the exit code."""
    options, stop_with_stdin = _parse()
    ready = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what functions print must not mix with the line that callers wait for
    return asyncio.run(_serve(options, ready, stop_with_stdin=stop_with_stdin))


async def _serve(options: HostOptions, ready: TextIO, *, stop_with_stdin: bool) -> int:
    """Returns only where the start is refused; a host that has served ends the process."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if stop_with_stdin:
        call_when_stdin_closes(lambda: loop.call_soon_threadsafe(stop.set))
    host = Host(options)
    try:
        facts = await host.start()
    except HostRefused as refused:
        for problem in refused.problems:
            print(problem, file=sys.stderr)  # noqa: T201 - a command line speaks by printing
        return 1
    print(json.dumps(facts), file=ready, flush=True)
    await stop.wait()
    finished = await host.stop()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0 if finished else 3)  # otherwise Python would wait for the threads of functions that do not end


def _parse() -> tuple[HostOptions, bool]:
    parser = argparse.ArgumentParser(
        prog="python -m emulators.functions",
        description="Hosts an Azure Functions app (Python, v2 model) on this machine, on Microsoft's worker library: "
        "HTTP, timer and queue triggers, queue outputs, host.json and local.settings.json, the admin API.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--app", type=Path, default=Path(), metavar="DIR", help="folder of host.json and function_app.py (default: .)")
    add("--port", type=int, default=0, help="HTTP port on 127.0.0.1 (default: a free one)")
    settings = parser.add_mutually_exclusive_group()
    settings.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help="settings file (default: DIR/local.settings.json if there); the environment has precedence",
    )
    settings.add_argument("--no-settings", action="store_true", help="read no settings file")
    add("--keys", type=Path, metavar="FILE", help="keep the keys in FILE (default: new ones at each start)")
    add(
        "--max-polling-ms",
        type=_positive,
        metavar="MS",
        help="longest wait between two looks into an empty queue, instead of host.json's maxPollingInterval",
    )
    add(
        "--queue-lock-seconds",
        type=_positive,
        default=600,
        metavar="S",
        help="how long a message is hidden at a time while it is worked on (default: 600)",
    )
    add(
        "--grace-seconds",
        type=_positive,
        default=10,
        metavar="S",
        help="how long running invocations may go on at the end (default: 10)",
    )
    add(
        STOP_WITH_STDIN,
        action="store_true",
        help="stop when standard input ends too, so that a parent that dies leaves nothing behind",
    )
    given = parser.parse_args()
    if given.settings and not given.settings.exists():
        parser.error(f"--settings: {given.settings} does not exist")
    app = given.app.resolve()
    options = HostOptions(
        app=app,
        port=given.port,
        settings=None if given.no_settings else (given.settings or app / "local.settings.json").resolve(),
        keys=given.keys.resolve() if given.keys else None,
        max_polling=timedelta(milliseconds=given.max_polling_ms) if given.max_polling_ms else None,
        queue_lock=timedelta(seconds=given.queue_lock_seconds),
        grace=timedelta(seconds=given.grace_seconds),
    )
    return options, given.stop_with_stdin


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError(f"{text} is not above zero")
    return number
