"""What can go wrong before Azurite answers."""

from __future__ import annotations


class NodeMissing(Exception):
    """Node or Azurite is not installed. ``what`` names the missing one."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(
            f"{what} was not found. Run `python3 dev.py demo` or `python3 dev.py test` once: they set it up."
        )


class AzuriteFailed(Exception):
    """Azurite ended, or did not answer in time. ``log`` holds what it printed."""

    def __init__(self, reason: str, log: str) -> None:
        self.reason = reason
        self.log = log
        super().__init__(f"Azurite {reason}. It printed:\n{log.strip() or '(nothing)'}")
