"""The functions of an app, with their bindings parsed into types; what is not supported is named."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulators.functions.connections import connection_string
from emulators.functions.cron import Schedule
from emulators.functions.errors import HostRefused
from emulators.functions.keys import AuthLevel
from emulators.functions.protos import RpcFunctionMetadata
from emulators.functions.routes import Route
from emulators.functions.settings import expand
from emulators.functions.timespan import parse_timespan

_SUPPORTED = "Supported are the triggers httpTrigger, timerTrigger and queueTrigger and the outputs http and queue."

_QUEUE_NAME = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class HttpTrigger:
    """``methods`` is None where every method is taken."""

    parameter: str
    route: Route
    methods: frozenset[str] | None
    level: AuthLevel


@dataclass(frozen=True, slots=True)
class TimerTrigger:
    """Fires by ``schedule``, in UTC."""

    parameter: str
    schedule: Schedule
    run_on_startup: bool


@dataclass(frozen=True, slots=True)
class QueueTrigger:
    """Takes messages from ``queue`` of the storage account that ``connection_string`` names."""

    parameter: str
    queue: str
    connection_string: str


@dataclass(frozen=True, slots=True)
class QueueOutput:
    """Sends what the function sets, or returns where ``parameter`` is ``$return``."""

    parameter: str
    queue: str
    connection_string: str


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the app."""

    name: str
    id: str
    trigger: HttpTrigger | TimerTrigger | QueueTrigger
    outputs: Mapping[str, QueueOutput]
    disabled: bool
    raw_bindings: Sequence[Mapping[str, Any]]


def parse_functions(found: Iterable[RpcFunctionMetadata], settings: Mapping[str, str]) -> list[Function]:
    """Parse what the worker has found.

    Raises:
        HostRefused: functions use what is not supported or is wrong; one sentence for each problem, naming function and
            binding.
    """
    functions: list[Function] = []
    problems: list[str] = []
    for metadata in found:
        try:
            functions.append(_function(metadata, settings))
        except _Unsupported as refused:
            problems += [f"Function {metadata.name}: {problem}" for problem in refused.problems]
    names = [function.name.lower() for function in functions]
    problems += [f"Two functions are named {name}." for name in sorted({n for n in names if names.count(n) > 1})]
    if problems:
        raise HostRefused(problems)
    return functions


class _Unsupported(Exception):
    def __init__(self, problems: list[str]) -> None:
        self.problems = problems


def _function(metadata: RpcFunctionMetadata, settings: Mapping[str, str]) -> Function:
    raw = [json.loads(binding) for binding in metadata.raw_bindings]
    triggers: list[HttpTrigger | TimerTrigger | QueueTrigger] = []
    outputs: dict[str, QueueOutput] = {}
    problems: list[str] = []
    if metadata.retry_options is not None:
        problems.append("retry policies are not supported here; queue triggers are retried by maxDequeueCount.")
    for binding in raw:
        try:
            match str(binding["type"]), str(binding["direction"]).upper():
                case "httpTrigger", _:
                    triggers.append(_http(binding, metadata.name, settings))
                case "timerTrigger", _:
                    triggers.append(_timer(binding, settings))
                case "queueTrigger", _:
                    triggers.append(QueueTrigger(*_queue(binding, settings)))
                case "queue", "OUT":
                    outputs[binding["name"]] = QueueOutput(*_queue(binding, settings))
                case "http", "OUT":
                    pass
                case kind, direction:
                    raise ValueError(f"the {direction.lower()} binding of type {kind} is not supported. {_SUPPORTED}")
        except ValueError as error:
            problems.append(f"binding {binding['name']!r}: {error}")
    if not triggers and not problems:
        problems.append("it has no trigger.")
    if problems:
        raise _Unsupported(problems)
    # With underscores, too, because shells drop names with dots from the environment.
    switches = (f"AzureWebJobs.{metadata.name}.Disabled", f"AzureWebJobs_{metadata.name}_Disabled")
    disabled = any(settings.get(name, "").lower() in {"1", "true"} for name in switches)
    return Function(metadata.name, metadata.function_id, triggers[0], outputs, disabled, raw)


def _http(binding: Mapping[str, Any], function: str, settings: Mapping[str, str]) -> HttpTrigger:
    methods = binding.get("methods")
    return HttpTrigger(
        parameter=binding["name"],
        route=Route.parse(expand(binding.get("route") or function, settings)),
        methods=None if methods is None else frozenset(str(method).upper() for method in methods),
        level=AuthLevel(str(binding.get("authLevel", "function")).lower()),
    )


def _timer(binding: Mapping[str, Any], settings: Mapping[str, str]) -> TimerTrigger:
    expression = expand(str(binding["schedule"]), settings)
    return TimerTrigger(binding["name"], _schedule(expression), bool(binding.get("runOnStartup")))


def _schedule(expression: str) -> Schedule:
    try:
        parse_timespan(expression)
    except ValueError:
        return Schedule.parse(expression)
    raise ValueError(
        f"the schedule {expression!r} is a TimeSpan, which works on App Service plans only; write an NCRONTAB expression"
    )


def _queue(binding: Mapping[str, Any], settings: Mapping[str, str]) -> tuple[str, str, str]:
    """Parameter, queue name (the real host puts it in lower case) and connection string."""
    queue = expand(str(binding["queueName"]), settings).lower()
    if not _QUEUE_NAME.fullmatch(queue):
        raise ValueError(
            f"{queue!r} cannot name a queue: 3 to 63 lower-case letters, digits and single hyphens, none at the ends"
        )
    return binding["name"], queue, connection_string(binding.get("connection") or "AzureWebJobsStorage", settings)
