"""What a round has read, in terms of fact tables: the contract between reading Graph and deriving changes.

Reading says what Graph says; what of it is new, and what follows from it, is decided by comparing it with the state in force.
Telling the same twice is harmless.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Row = Mapping[str, Any]
"""A row of a fact table as JSON: times as text, a column that is absent is null."""


@dataclass(frozen=True, slots=True)
class Replace:
    """All rows of ``table`` whose ``column`` is ``id`` are those among the rows that were read, and no others.

    With an empty ``column``, that holds for the whole table.

    Attributes:
        but: rows that stay all the same, because they could not be read: values by column, such as ``("role_id", "…")``.
        limited: whether losing more rows than the settings allow looks like a partial answer; what is gone then stays.
    """

    table: str
    column: str = ""
    id: str = ""
    but: frozenset[tuple[str, str]] = frozenset()
    limited: bool = False


@dataclass(slots=True)
class Reading:
    """What was read. Applied in this order: rows and replacements, then ``gone``, then ``removed``.

    Attributes:
        rows: rows that are there, by fact table; a row replaces the whole row with its key.
        replaced: what the rows are all there is of.
        gone: keys of rows that are no longer there, by fact table.
        removed: objects that no longer exist, by kind (``account``, ``group``, ``service_principal``). Every row that is or
            names one of them goes, and a tombstone stays: later rows that name it do not count until the object itself
            is among the rows of its own table again.
    """

    rows: dict[str, list[Row]] = field(default_factory=dict)
    replaced: list[Replace] = field(default_factory=list)
    gone: dict[str, list[tuple[str | None, ...]]] = field(default_factory=dict)
    removed: dict[str, set[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.rows or self.replaced or self.gone or self.removed)


class Known(Protocol):
    """What the state in force says, for readers who must know what is new. Blocking, and fast."""

    def rows(self, table: str, column: str, values: Sequence[str]) -> list[dict[str, Any]]:
        """Rows of the fact table ``table`` whose ``column`` is among ``values``, as JSON."""
        ...
