"""Why a host does not start."""

from __future__ import annotations

from collections.abc import Iterable


class HostRefused(Exception):
    """The app or its configuration cannot be hosted here. ``problems`` holds one sentence for each reason."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))
