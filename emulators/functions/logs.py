"""Log lines with time, level and the function's name, filtered by ``host.json``'s ``logging.logLevel``."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from emulators.functions.hostjson import HostConfiguration

_LEVELS = {"DEBUG": "debug", "INFO": "info", "WARNING": "warning", "ERROR": "error", "CRITICAL": "critical"}
_OURS = ("Host.", "Function.")


def configure_logging(
    configuration: HostConfiguration, current_function: Callable[[], str | None], *, debug: bool
) -> None:
    """Send the log records of the host and of functions to standard error.

    Args:
        configuration: decides what is logged.
        current_function: the name of the function whose code is running where it is called, or None.
        debug: take records of level DEBUG too, as ``PYTHON_ENABLE_DEBUG_LOGGING`` asks for.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_Filter(configuration, current_function))
    handler.setFormatter(_Formatter())
    logging.basicConfig(handlers=[handler], level=logging.DEBUG if debug else logging.INFO, force=True)


class _Filter(logging.Filter):
    """Names the function of a record and decides whether it is logged."""

    def __init__(self, configuration: HostConfiguration, current_function: Callable[[], str | None]) -> None:
        super().__init__()
        self._configuration = configuration
        self._current_function = current_function

    def filter(self, record: logging.LogRecord) -> bool:
        function = self._current_function()
        if record.name.startswith(_OURS):
            category = record.name
            record.source = category.split(".", 1)[1] if category.startswith("Function.") else "host"
        elif function and not _is_workers(record):
            category = f"Function.{function}.User"
            record.source = function
        else:  # libraries at work for the host, and the worker's own talk
            category = "Host.Worker"
            record.source = function or "host"
            if record.levelno < logging.WARNING:
                return False
        return record.levelno >= self._configuration.level_of(category)


def _is_workers(record: logging.LogRecord) -> bool:
    return record.name == "azure.functions"


class _Formatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(level)-8s [%(source)s] %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        record.level = _LEVELS.get(record.levelname, record.levelname)
        return super().format(record)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802 - logging's
        moment = datetime.fromtimestamp(record.created, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
