"""Which functions run in which Deployment, from what the app itself registers.

A function that a Deployment must not run is switched off by ``AzureWebJobs_{function}_Disabled``. (The usual name has dots, which shells drop
from the environment; the host takes underscores in their place, "Linux does not support dots in env variable name", in
``HostListenerFactory`` of github.com/Azure/azure-webjobs-sdk.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from runpy import run_path

TOP = Path(__file__).resolve().parents[2]
_ASKED_FOR = re.compile(r"%(\w+)%")
PROBED = "live"
"""The function that probes ask; it runs everywhere."""


class Role(StrEnum):
    """What a Deployment is for. The value is how its files are named."""

    TIMERS = "timers"
    WORKERS = "workers"
    HTTP = "http"


_ROLE_OF_TRIGGER = {"timerTrigger": Role.TIMERS, "queueTrigger": Role.WORKERS, "httpTrigger": Role.HTTP}


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the app.

    Attributes:
        name: as the host knows it.
        role: the Deployment that runs it.
        route: below the prefix of routes, of an HTTP function.
        anonymous: whether the host asks nothing of who calls an HTTP function.
        queue: that a queue function reads.
        asks_for: settings that the host itself puts into the trigger (``%NAME%``).
    """

    name: str
    role: Role
    route: str = ""
    anonymous: bool = False
    queue: str = ""
    asks_for: tuple[str, ...] = ()


def app_functions() -> tuple[Function, ...]:
    """Every function that ``function_app`` registers, by name."""
    found = []
    app = run_path(str(TOP / "function_app.py"))["app"]  # anew: an app tells its functions only once
    for built in app.get_functions():
        trigger = built.get_trigger().get_dict_repr()
        found.append(
            Function(
                name=built.get_function_name(),
                role=_ROLE_OF_TRIGGER[str(trigger["type"])],
                route=str(trigger.get("route", "")),
                anonymous=str(getattr(trigger.get("authLevel"), "value", "")).lower() == "anonymous",
                queue=str(trigger.get("queueName", "")),
                asks_for=tuple(_ASKED_FOR.findall(json.dumps(trigger, default=str))),
            )
        )
    return tuple(sorted(found, key=lambda function: function.name))


def setting_that_disables(function: str) -> str:
    """The environment variable that switches ``function`` off where it is ``true``."""
    return f"AzureWebJobs_{function}_Disabled"


def disabled_in(role: Role, functions: Sequence[Function]) -> tuple[str, ...]:
    """The names of the functions that a Deployment of ``role`` must not run."""
    return tuple(one.name for one in functions if one.role is not role and one.name != PROBED)


def settings_file(role: Role, functions: Sequence[Function]) -> str:
    """What the file of settings for a Deployment of ``role`` holds."""
    lines = [
        f"# The functions that the {role.value} Deployment leaves to the others. Written by `python3 dev.py infra --write`.",
        *(f"{setting_that_disables(name)}=true" for name in disabled_in(role, functions)),
    ]
    return "\n".join(lines) + "\n"


def settings_files(folder: Path, functions: Sequence[Function]) -> dict[Path, str]:
    """Every generated file of settings under the manifests in ``folder``, and what it should hold."""
    return {
        folder / "base" / "functions" / f"{role.value}.env": settings_file(role, functions)
        for role in (Role.TIMERS, Role.WORKERS, Role.HTTP)
    }
