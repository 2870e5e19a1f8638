"""The Graph emulator in a process of its own, so that what it costs is not counted as the connector's."""

from __future__ import annotations

from emulators.graph.emulator import environment_of
from emulators.processes import ReadyProcess


class GraphProcess(ReadyProcess):
    """``python -m emulators.graph`` with a tenant generated from ``users``, ``groups`` and ``seed``.

    Args:
        users: how many users; ``groups`` fits them unless given.
        latency_ms: milliseconds that every answer takes at least.
        throttle: ``s``, ``m``, ``l`` or ``off``.

    ``facts`` holds what ``python3 dev.py graph`` prints.
    """

    def __init__(
        self, *, users: int, groups: int | None = None, seed: int = 1, latency_ms: float = 0, throttle: str = "off"
    ) -> None:
        arguments = [
            "--users",
            str(users),
            "--seed",
            str(seed),
            "--latency-ms",
            str(latency_ms),
            "--throttle",
            throttle,
        ]
        super().__init__("emulators.graph", [*arguments, *(["--groups", str(groups)] if groups is not None else [])])

    def environment(self) -> dict[str, str]:
        """The connector's settings that point it here."""
        return environment_of(self.facts)
