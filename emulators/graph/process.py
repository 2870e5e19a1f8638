"""The Graph emulator in a process of its own, so that what it costs is not counted as the connector's."""

from __future__ import annotations

from emulators.graph.emulator import environment_of
from emulators.processes import ReadyProcess

_START, _START_PER_ROW = 60.0, 0.0005
"""Seconds until it is given up, and seconds more for each user and membership that has to be made first."""


class GraphProcess(ReadyProcess):
    """``python -m emulators.graph`` with a generated tenant.

    Args:
        users: how many users; ``groups``, ``apps`` and ``memberships`` fit them unless given.
        members_per_group: the same number of members for every group, instead of ``memberships``.
        seed: another seed, another tenant.
        latency_ms: milliseconds that every answer takes at least.
        throttle: ``s``, ``m``, ``l`` or ``off``.

    ``facts`` holds what ``python3 dev.py graph`` prints.
    """

    def __init__(
        self,
        *,
        users: int,
        groups: int | None = None,
        apps: int | None = None,
        memberships: int | None = None,
        members_per_group: int | None = None,
        seed: int = 1,
        latency_ms: float = 0,
        throttle: str = "off",
    ) -> None:
        options = {
            "--users": users,
            "--groups": groups,
            "--apps": apps,
            "--memberships": memberships,
            "--members-per-group": members_per_group,
            "--seed": seed,
            "--latency-ms": latency_ms,
            "--throttle": throttle,
        }
        arguments = [text for name, value in options.items() if value is not None for text in (name, str(value))]
        patience = _START + (users + (memberships or 0)) * _START_PER_ROW
        super().__init__("emulators.graph", arguments, start_timeout=patience)

    def environment(self) -> dict[str, str]:
        """The connector's settings that point it here."""
        return environment_of(self.facts)
