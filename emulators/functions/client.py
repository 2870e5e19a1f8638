"""A host process, started and stopped by tests, the demo and tools."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from emulators.functions.errors import HostFailed

_REPOSITORY = Path(__file__).resolve().parents[2]
_POLL = 0.02


class FunctionsHost:
    """A Functions host in a process of its own, from ``with`` to the end of it. It ends with this process, too.

    Args:
        app: the folder of ``host.json`` and ``function_app.py``.
        environment: settings of the app, on top of this process's environment.
        settings: a ``local.settings.json``; by default none is read, so that runs do not depend on a developer's own.
        keys: a file that keeps the keys between starts.
        port: the HTTP port; 0 for a free one.
        max_polling_ms: longest wait between two looks into an empty queue; None for what ``host.json`` says.
        queue_lock_seconds: how long a message is hidden at a time while it is worked on.
        grace_seconds: how long running invocations may go on when it is stopped.
        start_timeout: seconds until a host that is not ready is given up.
        python: the interpreter to run it on; by default this one.

    Raises:
        HostFailed: on start, it was refused (with the host's sentences), or was not ready in time.
    """

    def __init__(
        self,
        app: Path,
        environment: Mapping[str, str] | None = None,
        *,
        settings: Path | None = None,
        keys: Path | None = None,
        port: int = 0,
        max_polling_ms: int | None = None,
        queue_lock_seconds: int = 600,
        grace_seconds: int = 10,
        start_timeout: float = 60.0,
        python: str = sys.executable,
    ) -> None:
        self._environment = dict(environment or {})
        self._grace = grace_seconds
        self._start_timeout = start_timeout
        self._command = [python, "-m", "emulators.functions", "--app", str(app.resolve()), "--stop-with-stdin"]
        self._command += ["--settings", str(settings.resolve())] if settings else ["--no-settings"]
        self._command += ["--keys", str(keys.resolve())] if keys else []
        self._command += ["--max-polling-ms", str(max_polling_ms)] if max_polling_ms else []
        self._command += ["--port", str(port), "--queue-lock-seconds", str(queue_lock_seconds)]
        self._command += ["--grace-seconds", str(grace_seconds)]
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="functions-host-", ignore_cleanup_errors=True)
        self._facts: dict[str, Any] = {}
        self._last_logs: list[str] | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return str(self._facts["url"])

    @property
    def master_key(self) -> str:
        """The key of the admin API, and of every function."""
        return str(self._facts["master_key"])

    @property
    def host_key(self) -> str:
        """The key of every function of level ``function``."""
        return str(self._facts["host_key"])

    @property
    def functions(self) -> Sequence[Mapping[str, Any]]:
        """What the host says of each function: name, trigger, and for HTTP functions route, url, methods, key."""
        return list(self._facts["functions"])

    @property
    def process_id(self) -> int | None:
        """The id of the host's process while it runs."""
        return self._process.pid if self._process else None

    @property
    def log_file(self) -> Path:
        """Where everything that it prints on standard error is kept; gone after ``stop``."""
        return Path(self._folder.name, "host.log")

    def key(self, function: str) -> str:
        """The function's own key. Only HTTP functions of level ``function`` have one (KeyError for others)."""
        return str(self._of(function)["key"])

    def function_url(self, function: str) -> str:
        """The URL of an HTTP function, with its route's parameters as the route writes them."""
        return str(self._of(function)["url"])

    def invoke_timer(self, function: str) -> None:
        """Run a function that is not an HTTP function now; returns when it has been accepted, not when it has run."""
        self.run(function)

    def run(self, function: str, payload: str = "") -> None:
        """Run a timer or queue function now through the admin API; ``payload`` is the message of a queue function.

        Raises:
            urllib.error.HTTPError: the host refuses: 404 for an unknown function.
        """
        request = urllib.request.Request(  # noqa: S310 - our own host
            f"{self.url}/admin/functions/{function}",
            data=json.dumps({"input": payload}).encode(),
            headers={"x-functions-key": self.master_key, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - our own host
            pass

    def logs(self) -> list[str]:
        """The lines that it has printed so far; all of them once it has been stopped."""
        if self._last_logs is not None:
            return self._last_logs
        return self.log_file.read_text(errors="replace").splitlines() if self.log_file.exists() else []

    def start(self) -> Self:
        """Start it and wait until it is ready."""
        if self._process is not None or self._last_logs is not None:
            raise RuntimeError("this host has been started already; make another")
        output = Path(self._folder.name, "ready.json")
        with self.log_file.open("wb") as log, output.open("wb") as ready:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=ready,
                stderr=log,
                cwd=_REPOSITORY,
                env={**os.environ, **self._environment},
                start_new_session=True,  # Ctrl-C in a terminal reaches us; we end it
            )
        try:
            self._facts = self._wait_until_ready(self._process, output)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> int | None:
        """Stop it, wait until it is gone, and return its exit code. Stopping twice does no harm."""
        process, self._process = self._process, None
        if process is None:
            return None
        process.terminate()
        if process.stdin:
            process.stdin.close()
        try:
            process.wait(self._grace + 15)
        except subprocess.TimeoutExpired:
            process.kill()
        return self._clean_up(process)

    def kill(self) -> None:
        """End it at once, as when a machine fails: nothing finishes, messages in work stay hidden until their lock ends."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            if process.stdin:
                process.stdin.close()
            self._clean_up(process)

    def _clean_up(self, process: subprocess.Popen[bytes]) -> int:
        code = process.wait()
        self._last_logs = self.logs()
        self._folder.cleanup()
        return code

    def _wait_until_ready(self, process: subprocess.Popen[bytes], output: Path) -> dict[str, Any]:
        deadline = time.monotonic() + self._start_timeout
        while True:
            line = output.read_text()
            if line.endswith("\n"):
                facts: dict[str, Any] = json.loads(line)
                return facts
            if process.poll() is not None:
                raise HostFailed(f"ended with exit code {process.returncode}", "\n".join(self.logs()))
            if time.monotonic() > deadline:
                raise HostFailed(f"was not ready within {self._start_timeout:.0f} s", "\n".join(self.logs()))
            time.sleep(_POLL)

    def _of(self, function: str) -> Mapping[str, Any]:
        for facts in self.functions:
            if facts["name"].lower() == function.lower():
                return facts
        raise KeyError(function)
