"""Faults on request: the next calls that match are answered wrongly, late or not at all."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Any

import msgspec


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What happens to the next ``times`` calls whose method is ``method`` and whose address matches ``path``.

    Attributes:
        path: regular expression, searched in ``/v1.0/users?$top=5`` (decoded) or ``/{tenant}/oauth2/v2.0/token``.
        method: in capitals; empty for any.
        times: how often; each use takes one away.
        skip: how many matching calls pass unharmed first.
        status: answer with this status instead of serving the call.
        retry_after: seconds in a ``Retry-After`` header; None for none.
        headers: further headers of that answer.
        body: its JSON body; None for the service's error envelope.
        code: code of that envelope.
        delay_seconds: wait so long first.
        drop: ``before``: close the connection without serving the call; ``after``: serve it, then close the connection
            without an answer, so that the caller cannot know.
        truncate: send only so many bytes of the body, then close the connection.
    """

    path: str = ""
    method: str = ""
    times: int = 1
    skip: int = 0
    status: int | None = None
    retry_after: int | None = None
    headers: dict[str, str] = {}
    body: Any = None
    code: str = "serviceNotAvailable"
    delay_seconds: float = 0
    drop: str = ""
    truncate: int | None = None

    def __post_init__(self) -> None:
        """Check what the types do not say.

        Raises:
            ValueError: for a fault that could not happen.
        """
        re.compile(self.path)
        if self.drop not in ("", "before", "after"):
            raise ValueError("drop must be 'before', 'after' or empty")
        if self.times < 1 or self.skip < 0 or self.delay_seconds < 0:
            raise ValueError("times must be 1 or more, skip and delay_seconds 0 or more")
        if self.truncate is not None and self.truncate < 0:
            raise ValueError("truncate must be 0 or more")

    @property
    def answers(self) -> bool:
        """Whether it replaces the answer; the others act on the connection."""
        return self.status is not None


@dataclass(slots=True)
class _Armed:
    fault: Fault
    skip: int
    left: int


class Faults:
    """The faults that are waiting, in the order in which they were asked for. The first that matches acts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []

    def add(self, fault: Fault) -> None:
        """Arm ``fault``."""
        with self._lock:
            self._armed.append(_Armed(fault, fault.skip, fault.times))

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._armed.clear()

    def waiting(self) -> list[dict[str, Any]]:
        """What is still to come, as JSON; ``times`` and ``skip`` are what is left of them."""
        with self._lock:
            return [msgspec.to_builtins(one.fault) | {"times": one.left, "skip": one.skip} for one in self._armed]

    def take(self, method: str, address: str, *, inside_batch: bool = False) -> Fault | None:
        """The fault that this call meets, or None. Inside a batch there is no connection, only an answer."""
        if not self._armed:
            return None
        with self._lock:
            for one in self._armed:
                if inside_batch and not one.fault.answers:
                    continue
                if not _matches(one.fault, method, address):
                    continue
                if one.skip:
                    one.skip -= 1
                    continue
                one.left -= 1
                if not one.left:
                    self._armed.remove(one)
                return one.fault
        return None


def _matches(fault: Fault, method: str, address: str) -> bool:
    return fault.method in ("", method) and re.search(fault.path, address) is not None
