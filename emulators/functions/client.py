"""A host process, started and stopped by tests, the demo and tools."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from emulators.processes import ReadyProcess

_REPOSITORY = Path(__file__).resolve().parents[2]
_POLL = 0.02


class FunctionsHost(ReadyProcess):
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
        ProcessFailed: on start, it was refused (with the host's sentences), or was not ready in time.
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
        options = ["--app", str(app.resolve()), "--port", str(port), "--queue-lock-seconds", str(queue_lock_seconds)]
        options += ["--settings", str(settings.resolve())] if settings else ["--no-settings"]
        options += ["--keys", str(keys.resolve())] if keys else []
        options += ["--max-polling-ms", str(max_polling_ms)] if max_polling_ms else []
        options += ["--grace-seconds", str(grace_seconds)]
        super().__init__(
            "emulators.functions",
            options,
            environment,
            start_timeout=start_timeout,
            stop_timeout=grace_seconds + 15,
            python=python,
        )

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return str(self.facts["url"])

    @property
    def master_key(self) -> str:
        """The key of the admin API, and of every function."""
        return str(self.facts["master_key"])

    @property
    def host_key(self) -> str:
        """The key of every function of level ``function``."""
        return str(self.facts["host_key"])

    @property
    def functions(self) -> Sequence[Mapping[str, Any]]:
        """What the host says of each function: name, trigger, and for HTTP functions route, url, methods, key."""
        return list(self.facts["functions"])

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

    def _of(self, function: str) -> Mapping[str, Any]:
        for facts in self.functions:
            if facts["name"].lower() == function.lower():
                return facts
        raise KeyError(function)
