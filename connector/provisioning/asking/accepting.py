"""Taking operations on: each exactly once, whatever is repeated and wherever it was interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.storage.records.operations import Operation, Requester, Wanted

MOST_OPERATIONS = 1_000
"""Most operations of one request."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a request: its operations in the order in which they were asked for. ``before``: the same was asked before."""

    operations: tuple[Operation, ...]
    before: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, parsed: one to :data:`MOST_OPERATIONS` operations, by ``requester``, under ``key`` (empty: none was given)."""

    wanted: Sequence[Wanted]
    requester: Requester
    key: str = ""
