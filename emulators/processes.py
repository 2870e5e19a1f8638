"""Emulators in processes of their own: started, awaited until they print where they are, stopped, and never left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

TOP = Path(__file__).resolve().parents[1]
STOP_WITH_STDIN = "--stop-with-stdin"
"""The option by which a process stops when its standard input closes, as it does when whoever started it dies."""
_POLL = 0.02  # seconds


class ProcessFailed(Exception):
    """A process ended before it was ready, or did not get ready in time. ``log`` holds what it printed."""

    def __init__(self, what: str, log: str) -> None:
        self.log = log
        super().__init__(f"{what}. It printed:\n{log.strip() or '(nothing)'}")


class ReadyProcess:
    """``python -m module arguments``, which prints one JSON line on standard output as soon as it is ready.

    A context manager. The process ends with this one, however this one ends.

    Args:
        module: what to run; it must know the option ``--stop-with-stdin``.
        arguments: its arguments.
        environment: variables on top of this process's environment.
        start_timeout: seconds until a process that is not ready is given up.
        stop_timeout: seconds that it may take to stop before it is killed.
        python: the interpreter to run it on.

    Attributes:
        facts: the JSON object that it printed.

    Raises:
        ProcessFailed: on start, it ended or was not ready in time.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        environment: Mapping[str, str] | None = None,
        *,
        start_timeout: float = 60.0,
        stop_timeout: float = 20.0,
        python: str = sys.executable,
    ) -> None:
        self.facts: dict[str, Any] = {}
        self._module = module
        self._command = [python, "-m", module, *arguments, STOP_WITH_STDIN]
        self._environment = dict(environment or {})
        self._start_timeout = start_timeout
        self._stop_timeout = stop_timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="emulator-", ignore_cleanup_errors=True)
        self._lines_at_end: list[str] | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def process_id(self) -> int | None:
        """The id of the process while it runs."""
        return self._process.pid if self._process else None

    @property
    def log_file(self) -> Path:
        """Where everything that it prints on standard error is kept; gone after ``stop``."""
        return Path(self._folder.name, "log")

    def logs(self) -> list[str]:
        """The lines that it has printed so far on standard error; after the end, all that it printed."""
        if self._lines_at_end is not None:
            return self._lines_at_end
        return self.log_file.read_text(errors="replace").splitlines() if self.log_file.exists() else []

    def start(self) -> Self:
        """Start it and wait until it is ready."""
        if self._process is not None or self._lines_at_end is not None:
            raise RuntimeError(f"this {self._module} has been started already; make another")
        output = Path(self._folder.name, "ready.json")
        with self.log_file.open("wb") as log, output.open("wb") as ready:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=ready,
                stderr=log,
                cwd=TOP,
                env={**os.environ, **self._environment},
                start_new_session=True,  # Ctrl-C in a terminal reaches us; we end it
            )
        try:
            self.facts = self._wait_until_ready(self._process, output)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> int | None:
        """Stop it, wait until it is gone, and return its exit code; None where it was stopped before."""
        return self._end(subprocess.Popen.terminate)

    def kill(self) -> int | None:
        """End it as a failing machine would: at once, with nothing finished or handed back."""
        return self._end(subprocess.Popen.kill)

    def _end(self, end: Callable[[subprocess.Popen[bytes]], None]) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        end(process)
        if process.stdin:
            process.stdin.close()
        try:
            process.wait(self._stop_timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._lines_at_end = self.logs()
        self._folder.cleanup()
        return process.returncode

    def _wait_until_ready(self, process: subprocess.Popen[bytes], output: Path) -> dict[str, Any]:
        deadline = time.monotonic() + self._start_timeout
        while True:
            line = output.read_text()
            if line.endswith("\n"):
                facts: dict[str, Any] = json.loads(line)
                return facts
            if process.poll() is not None:
                raise ProcessFailed(f"{self._module} ended with exit code {process.returncode}", "\n".join(self.logs()))
            if time.monotonic() > deadline:
                raise ProcessFailed(
                    f"{self._module} was not ready within {self._start_timeout:.0f} s", "\n".join(self.logs())
                )
            time.sleep(_POLL)


def serve(running: AbstractContextManager[Mapping[str, Any]], *, port: int, stop_with_stdin: bool) -> int:
    """In the started process: print one JSON line once ``running`` is entered, and leave it on SIGTERM or Ctrl-C; the exit status.

    Args:
        running: what is served, from its beginning to its end; entering it gives what to print.
        port: where it was asked to listen, for the sentence that it cannot.
        stop_with_stdin: stop when standard input closes, too.
    """
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    if stop_with_stdin:
        call_when_stdin_closes(stopped.set)
    try:
        with running as facts:
            sys.stdout.write(json.dumps(facts) + "\n")
            sys.stdout.flush()
            stopped.wait()
    except OSError as error:
        sys.stderr.write(f"The emulator cannot listen on port {port}: {error.strerror or error}.\n")
        return 1
    return 0


def call_when_stdin_closes(stop: Callable[[], object]) -> None:
    """In the started process: call ``stop`` when whoever started it has gone or lets go of it."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        stop()

    threading.Thread(target=watch, name="stdin", daemon=True).start()
