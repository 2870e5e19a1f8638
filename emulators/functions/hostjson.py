"""``host.json``: what of it this host honours, with the documented defaults."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from emulators.functions.errors import HostRefused
from emulators.functions.timespan import parse_timespan

_T = TypeVar("_T")
_LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "information": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "none": logging.CRITICAL + 1,
}
_DEFAULT_TIMEOUT = timedelta(minutes=30)
"""Flex Consumption's and Premium's default; plain Consumption's is five minutes."""


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """``extensions.queues``, with the defaults of the storage queue extension."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    visibility_timeout: timedelta = timedelta(0)
    max_polling_interval: timedelta = timedelta(minutes=1)
    base64: bool = True


@dataclass(frozen=True, slots=True)
class HostConfiguration:
    """The parts of ``host.json`` that matter here. ``function_timeout`` is None where there is no limit."""

    route_prefix: str = "api"
    queues: QueueOptions = QueueOptions()
    function_timeout: timedelta | None = _DEFAULT_TIMEOUT
    log_levels: Mapping[str, int] = field(default_factory=dict)

    def level_of(self, category: str) -> int:
        """The lowest level that is logged for a category: the longest name that it begins with decides."""
        parts = category.lower().split(".")
        for length in range(len(parts), 0, -1):
            level = self.log_levels.get(".".join(parts[:length]))
            if level is not None:
                return level
        return self.log_levels.get("default", logging.INFO)


def read_host_json(app: Path) -> HostConfiguration:
    """Read ``host.json`` of an app.

    Raises:
        HostRefused: it is missing or wrong; one sentence for each problem.
    """
    path = app / "host.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise HostRefused([f"{app} holds no host.json; is it the folder of a function app?"]) from error
    except (OSError, ValueError) as error:
        raise HostRefused([f"{path} cannot be read: {error}"]) from error
    reader = _Reader()
    if not isinstance(content, dict) or content.get("version") != "2.0":
        raise HostRefused([f'{path} must be a JSON object with "version": "2.0".'])
    default_timeout: timedelta | None = _DEFAULT_TIMEOUT
    no_levels: Mapping[str, int] = {}
    configuration = HostConfiguration(
        route_prefix=reader.read(content, "extensions.http.routePrefix", "api", _text).strip("/"),
        queues=_queue_options(reader, content),
        function_timeout=reader.read(content, "functionTimeout", default_timeout, _timeout),
        log_levels=reader.read(content, "logging.logLevel", no_levels, _log_levels),
    )
    if reader.problems:
        raise HostRefused(f"{path}: {problem}" for problem in reader.problems)
    return configuration


def _queue_options(reader: _Reader, content: Mapping[str, Any]) -> QueueOptions:
    at = "extensions.queues."
    batch_size = reader.read(content, at + "batchSize", 16, _whole(1, 32))
    return QueueOptions(
        batch_size=batch_size,
        new_batch_threshold=reader.read(content, at + "newBatchThreshold", batch_size // 2, _whole(0, 1000)),
        max_dequeue_count=reader.read(content, at + "maxDequeueCount", 5, _whole(1, 1000)),
        visibility_timeout=reader.read(content, at + "visibilityTimeout", timedelta(0), _duration),
        max_polling_interval=reader.read(content, at + "maxPollingInterval", timedelta(minutes=1), _polling),
        base64=reader.read(content, at + "messageEncoding", True, _base64),
    )


class _Reader:
    """Reads values by path and collects what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def read(self, content: Mapping[str, Any], path: str, default: _T, parse: Callable[[Any], _T]) -> _T:
        value: Any = content
        for name in path.split("."):
            if not isinstance(value, dict) or name not in value:
                return default
            value = value[name]
        try:
            return parse(value)
        except (ValueError, TypeError) as error:
            self.problems.append(f"{path} {error}.")
            return default


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be a text, not {value!r}")
    return value


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, not {value!r}")
        return value

    return parse


def _duration(value: Any) -> timedelta:
    try:
        return parse_timespan(_text(value))
    except ValueError as error:
        raise ValueError(f"must be a duration hh:mm:ss, not {value!r}") from error


def _polling(value: Any) -> timedelta:
    """Milliseconds as a number were the form of version 1 and are still taken."""
    interval = timedelta(milliseconds=value) if isinstance(value, int) else _duration(value)
    if interval < timedelta(milliseconds=100):
        raise ValueError("must be at least 00:00:00.100")
    return interval


def _timeout(value: Any) -> timedelta | None:
    if value == "-1":
        return None
    return _duration(value)


def _base64(value: Any) -> bool:
    if not isinstance(value, str) or value.lower() not in {"base64", "none"}:
        raise ValueError(f'must be "base64" or "none", not {value!r}')
    return value.lower() == "base64"


def _log_levels(value: Any) -> Mapping[str, int]:
    if not isinstance(value, dict):
        raise ValueError("must be an object")
    unknown = [level for level in value.values() if str(level).lower() not in _LEVELS]
    if unknown:
        raise ValueError(
            f"knows no level {unknown[0]!r}; levels are Trace, Debug, Information, Warning, Error, Critical, None"
        )
    return {str(name).lower(): _LEVELS[str(level).lower()] for name, level in value.items()}
