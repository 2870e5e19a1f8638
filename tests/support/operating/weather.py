"""What Graph does to those who grant and revoke: answers that get lost, refusals that pass, reads that lag, requests that stay pending."""

from __future__ import annotations

import random
from dataclasses import asdict
from typing import Any

from emulators.graph import Fault, GraphEmulator, Variants
from tests.support.worlds.weather import asdict_of

_WHERE = (
    r"/groups/.*/\$ref",
    r"/groups/[^/]*$",
    "roleAssignments",
    "ScheduleRequests",
    "ScheduleInstances",
    r"\$batch",
    "getByIds|/users|/servicePrincipals",
    "",
)
_WHICH = ("POST", "PATCH", "DELETE", "GET", "")
_PASSING: tuple[dict[str, Any], ...] = (
    {"status": 429, "retry_after": 0},
    {"status": 429},
    {"status": 500},
    {"status": 500, "after_effect": True},
    {"status": 503, "retry_after": 0},
    {"status": 503, "after_effect": True},
    {"status": 504, "after_effect": True},
    {"drop": "before"},
    {"drop": "after"},
    {"drop": "after"},
    {"truncate": 40},
    {"raw": "<html>Bad Gateway</html>"},
)
_LONG = {"status": 429, "retry_after": 45}
"""Only writes are told so: rounds, which work on no line, would wait for as long."""
_WRITES = (
    ("POST", r"/\$ref|ScheduleRequests|roleAssignments"),
    ("PATCH", "/groups/"),
    ("DELETE", r"/\$ref|roleAssignments"),
)
_ANSWERS: dict[str, tuple[Any, ...]] = {
    "read_lag_changes": (0, 2, 4),
    "pim_provisioning_seconds": (0, 5, 40),
    "refusal_wording": ("current", "older"),
    "batch_reversed": (False, True),
    "members_hide_service_principals": (False, True),
    "pim_enums_as_schema": (False, True),
    "delta_shuffled": (False, True),
}
_LAG_S = 30.0
"""However few changes there are: nothing lags longer than this."""


def some_fault(graph: GraphEmulator, chance: random.Random) -> str:
    """Arm a fault that passes by itself; what it is."""
    how, path, method = chance.choice(_PASSING), chance.choice(_WHERE), chance.choice(_WHICH)
    if chance.random() < 0.1:
        how, (method, path) = _LONG, chance.choice(_WRITES)
    fault = Fault(
        path=path, method=method, skip=chance.choice((0, 0, 0, 1, 2)), times=chance.choice((1, 1, 2, 12)), **how
    )
    graph.fail(fault)
    return f"fault { ({name: value for name, value in asdict_of(fault).items() if value}) }"


def other_answers(graph: GraphEmulator, chance: random.Random) -> str:
    """Let Graph answer in another of its ways from now on; in which."""
    name = chance.choice(tuple(_ANSWERS))
    changed = {name: chance.choice(_ANSWERS[name]), "read_lag_seconds": _LAG_S}
    graph.variants = Variants(**(asdict(graph.variants) | changed))
    return f"answers {changed}"
