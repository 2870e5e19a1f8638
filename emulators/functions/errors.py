"""Why a host does not start."""

from __future__ import annotations

from collections.abc import Iterable


class HostRefused(Exception):
    """The app or its configuration cannot be hosted here. ``problems`` holds one sentence for each reason."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class HostFailed(Exception):
    """A host process ended before it was ready, or did not get ready in time. ``log`` holds what it printed."""

    def __init__(self, reason: str, log: str) -> None:
        self.reason = reason
        self.log = log
        super().__init__(f"The Functions host {reason}. It printed:\n{log.strip() or '(nothing)'}")
