"""What Graph does to those who ask it: faults that pass, delta links that it forgets, and its several ways to answer."""

from __future__ import annotations

import random
from dataclasses import asdict
from typing import Any

from emulators.graph import Fault, GraphEmulator, Variants

_WHERE = (
    "delta",
    "users/delta",
    "groups/delta",
    "skiptoken",
    "roleAssignments",
    "appRole",
    r"\$batch",
    "servicePrincipals",
)
_PASSING: tuple[dict[str, Any], ...] = (
    {"status": 429, "retry_after": 0},
    {"status": 429},
    {"status": 500},
    {"status": 503, "retry_after": 0},
    {"status": 504},
    {"drop": "before"},
    {"drop": "after"},
    {"truncate": 40},
    {"truncate": 400},
    {"raw": "<html>Bad Gateway</html>"},
)
_FORGETTING: tuple[dict[str, Any], ...] = (
    {"path": "skiptoken", "status": 410, "code": "resyncRequired"},
    {"path": "skiptoken", "status": 400, "code": "Directory_ExpiredPageToken"},
    {"path": "deltatoken", "status": 400, "code": "syncStateNotFound"},
)
_ENTITY_SETS = (
    "users",
    "groups",
    "servicePrincipals",
    "directoryRoles",
    "directory/administrativeUnits",
    "directoryObjects",
)
_ANSWERS: dict[str, tuple[Any, ...]] = {
    "delta_replays": (0, 3, 20),
    "delta_repeats": (False, True),
    "delta_shuffled": (False, True),
    "delta_page_size": (1, 2, 200),
    "delta_slice_size": (1, 2, 1000),
    "delta_reports_purged_members": (False, True),
    "empty_first_page": (False, True),
    "empty_pages": (False, True),
    "batch_reversed": (False, True),
    "read_lag_changes": (0, 0, 2, 6),
}
"""Only what may differ from one call to the next; what a tenant's Graph is like stays as it is."""


def some_fault(graph: GraphEmulator, generator: random.Random) -> str:
    """Arm a fault that passes by itself, or gets a kind's delta link forgotten; what it is."""
    kind = generator.random()
    if kind < 0.8:
        fault = Fault(
            path=generator.choice(_WHERE),
            skip=generator.randrange(3),
            times=generator.choice((1, 1, 2, 12)),
            **generator.choice(_PASSING),
        )
    elif kind < 0.9:
        fault = Fault(skip=generator.randrange(2), **generator.choice(_FORGETTING))
    else:
        name, location = generator.choice(_ENTITY_SETS), generator.random() < 0.5
        graph.reset_delta(name, location=location)
        return f"reset_delta {name} {'with' if location else 'without'} Location"
    graph.fail(fault)
    told = {name: value for name, value in asdict_of(fault).items() if value}
    return f"fault {told}"


def other_answers(graph: GraphEmulator, generator: random.Random) -> str:
    """Let Graph answer in another of its ways from now on; in which."""
    name = generator.choice(tuple(_ANSWERS))
    value = generator.choice(_ANSWERS[name])
    graph.variants = Variants(**(asdict(graph.variants) | {name: value}))
    return f"answers {name}={value}"


def fair_weather(graph: GraphEmulator) -> None:
    """No more faults, and reads that lag have caught up. Its ways to answer stay."""
    graph.faults.clear()
    graph.variants = Variants(**(asdict(graph.variants) | {"read_lag_changes": 0}))


def asdict_of(fault: Fault) -> dict[str, Any]:
    """The fields of a fault."""
    return {name: getattr(fault, name) for name in fault.__struct_fields__}
