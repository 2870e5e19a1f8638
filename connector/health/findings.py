"""What was found: one finding for each thing that was tried."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class State(StrEnum):
    """How something is."""

    OK = "ok"
    SKIPPED = "skipped"
    WARNING = "warning"
    FAILED = "failed"


_ORDER = tuple(State)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was tried.

    Attributes:
        check: a stable name for machines, such as ``sign_in`` or ``permission:{name}``.
        state: SKIPPED: it could not be tried, because something else is amiss that is told by itself, or does not apply.
        found: what was found, in a sentence.
        remedy: what to do about it; empty where there is nothing to do.
    """

    check: str
    state: State
    found: str
    remedy: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was tried, in the order in which one thing depends on the next.

    Attributes:
        state: of the worst finding.
        checked_at: when it was tried.
    """

    state: State
    checked_at: datetime
    findings: tuple[Finding, ...]


def report(findings: tuple[Finding, ...], now: datetime) -> Report:
    """``findings`` and what they come to."""
    tried = [one.state for one in findings if one.state is not State.SKIPPED]
    return Report(state=max(tried, key=_ORDER.index, default=State.OK), checked_at=now, findings=findings)


def ok(check: str, found: str) -> Finding:
    """It works."""
    return Finding(check=check, state=State.OK, found=found)


def skipped(check: str, why: str) -> Finding:
    """It was not tried."""
    return Finding(check=check, state=State.SKIPPED, found=why)


def warning(check: str, found: str, remedy: str) -> Finding:
    """It works for now, or not wholly."""
    return Finding(check=check, state=State.WARNING, found=found, remedy=remedy)


def failed(check: str, found: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(check=check, state=State.FAILED, found=found, remedy=remedy)
