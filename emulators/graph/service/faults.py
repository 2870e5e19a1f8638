"""Faults on request: the next calls that match are answered wrongly, late or not at all, or something happens meanwhile."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

_log = logging.getLogger(__name__)


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What happens to the next ``times`` calls whose method is ``method`` and whose address matches ``path``.

    Calls inside a batch count as calls. Several faults may meet one call: one that answers, one that acts on the
    connection, one that delays, and any number of verbs. Of two faults of the same kind the second waits its turn.

    Attributes:
        path: regular expression, searched in ``/v1.0/users?$top=5`` (decoded) or ``/{tenant}/oauth2/v2.0/token``.
        method: in capitals; empty for any.
        times: how often; each use takes one away.
        skip: how many matching calls pass unharmed first.
        status: answer with this status instead of serving the call.
        after_effect: with ``status``: serve the call first, so that what it changes is changed.
        retry_after: seconds in a ``Retry-After`` header; None for none.
        headers: further headers of that answer.
        body: its JSON body; None for the error envelope that Graph has for this status.
        code: code of that envelope; empty for the usual one.
        delay_seconds: wait so long first.
        drop: ``before``: close the connection without serving the call; ``after``: serve it, then close the connection
            without an answer, so that the caller cannot know. Inside a batch: 504 for the item.
        truncate: send only so many bytes of the body, then close the connection. Not inside batches.
        raw: send this text in place of the body, whatever it is.
        verb: name of a verb of the tenant that is done with this call.
        arguments: its arguments.
        verb_after: do it after the call was served; otherwise before.
    """

    path: str = ""
    method: str = ""
    times: int = 1
    skip: int = 0
    status: int | None = None
    after_effect: bool = False
    retry_after: int | None = None
    headers: dict[str, str] = {}
    body: Any = None
    code: str = ""
    delay_seconds: float = 0
    drop: str = ""
    truncate: int | None = None
    raw: str | None = None
    verb: str = ""
    arguments: dict[str, Any] = {}
    verb_after: bool = False

    def __post_init__(self) -> None:
        """Check what the types do not say.

        Raises:
            ValueError: for a fault that could not happen.
        """
        try:
            re.compile(self.path)
        except re.error as error:
            raise ValueError(f"path must be a regular expression: {error}") from None
        if self.drop not in ("", "before", "after"):
            raise ValueError("drop must be 'before', 'after' or empty")
        if self.times < 1 or self.skip < 0 or self.delay_seconds < 0:
            raise ValueError("times must be 1 or more, skip and delay_seconds 0 or more")
        if self.truncate is not None and self.truncate < 0:
            raise ValueError("truncate must be 0 or more")
        if self.after_effect and self.status is None:
            raise ValueError("after_effect needs a status")

    @property
    def kinds(self) -> frozenset[str]:
        """In which ways it acts; one fault of each kind meets a call, but for verbs."""
        return frozenset(
            kind
            for kind, acts in (
                ("answer", self.status is not None),
                ("connection", self.drop or self.truncate is not None or self.raw is not None),
                ("delay", self.delay_seconds),
            )
            if acts
        )


@dataclass(slots=True)
class Met:
    """The faults that one call meets, taken together."""

    faults: list[Fault] = field(default_factory=list)

    @property
    def answer(self) -> Fault | None:
        """The one that answers."""
        return next((one for one in self.faults if one.status is not None), None)

    @property
    def delay_seconds(self) -> float:
        """How long to wait first."""
        return sum(one.delay_seconds for one in self.faults)

    @property
    def drop(self) -> str:
        """Whether the connection is closed, and when."""
        return next((one.drop for one in self.faults if one.drop), "")

    @property
    def truncate(self) -> int | None:
        """How much of the body is sent."""
        return next((one.truncate for one in self.faults if one.truncate is not None), None)

    @property
    def raw(self) -> str | None:
        """What is sent in place of the body."""
        return next((one.raw for one in self.faults if one.raw is not None), None)


@dataclass(slots=True)
class _Armed:
    fault: Fault
    skip: int
    left: int


class Faults:
    """The faults that are waiting, in the order in which they were asked for.

    Args:
        verbs: names of the verbs that a fault may ask for.
        run: does a verb, given its name and arguments.
    """

    def __init__(self, verbs: Collection[str], run: Callable[[str, Mapping[str, Any]], object]) -> None:
        self._verbs = verbs
        self._run = run
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []

    def add(self, fault: Fault) -> None:
        """Arm ``fault``.

        Raises:
            ValueError: its verb does not exist.
        """
        if fault.verb and fault.verb not in self._verbs:
            raise ValueError(f"there is no verb {fault.verb!r}; there are {', '.join(self._verbs)}")
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

    def take(self, method: str, address: str, *, inside_batch: bool = False) -> Met:
        """The faults that this call meets. Inside a batch there is no connection that could break off."""
        met = Met()
        if not self._armed:
            return met
        with self._lock:
            taken: set[str] = set()
            for one in list(self._armed):
                if not _matches(one.fault, method, address) or (inside_batch and one.fault.truncate is not None):
                    continue
                if one.skip:
                    one.skip -= 1
                    continue
                if taken & one.fault.kinds:
                    continue
                taken |= one.fault.kinds
                met.faults.append(one.fault)
                one.left -= 1
                if not one.left:
                    self._armed.remove(one)
        return met

    def run_verbs(self, met: Met, *, after: bool) -> None:
        """Do the verbs of a call's faults that come before it, or after it. One that fails is logged."""
        for fault in met.faults:
            if fault.verb and fault.verb_after == after:
                try:
                    self._run(fault.verb, fault.arguments)
                except Exception:
                    _log.exception("The verb %s of a fault failed", fault.verb)


def _matches(fault: Fault, method: str, address: str) -> bool:
    return fault.method in ("", method) and re.search(fault.path, address) is not None
