"""Rows on their way into staged parts: encoded at once, so that a page of objects does not stay in memory as objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from connector.access.tables import Column, ColumnType, Table
from connector.storage.records import UNREAD

UNREAD_TABLE = Table(
    UNREAD,
    ("table_name", "column_name", "id"),
    "",
    tuple(Column(name, ColumnType.TEXT, "") for name in ("table_name", "column_name", "id", "reason")),
)
"""What units could not read while they read the rest, staged like everything else: it may be much."""

PART_ROWS = 10_000
"""Rows after which a part is staged. Small enough that a lost step costs seconds, large enough that blobs stay few."""
PART_BYTES = 8 << 20
"""Bytes after which a part is staged: what one request uploads, and what a step holds in memory."""


class UnreadRow(msgspec.Struct, frozen=True):
    """A row of ``unread``; the fields of :class:`~connector.sync.kinds.reader.Incomplete`."""

    table_name: str
    column_name: str
    id: str
    reason: str


class Buffer:
    """Encoded rows by table, not staged yet."""

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()
        self._lines: dict[str, bytearray] = {}
        self._rows: dict[str, int] = {}

    def add(self, rows: Mapping[str, Sequence[msgspec.Struct]]) -> None:
        """Take the rows of one page, by table."""
        for table, found in rows.items():
            if found:
                self._lines.setdefault(table, bytearray()).extend(self._encoder.encode_lines(found))
                self._rows[table] = self._rows.get(table, 0) + len(found)

    @property
    def full(self) -> bool:
        """Whether it is time to stage what there is."""
        return sum(self._rows.values()) >= PART_ROWS or sum(map(len, self._lines.values())) >= PART_BYTES

    def take(self) -> Iterator[tuple[str, int, bytes]]:
        """Table, number of rows, and lines of everything in here, which is empty afterwards."""
        lines, rows = self._lines, self._rows
        self._lines, self._rows = {}, {}
        for table in sorted(lines):
            yield table, rows[table], bytes(lines[table])


def read_lines(data: bytes) -> list[dict[str, Any]]:
    """The rows of a staged part, as JSON objects."""
    rows: list[dict[str, Any]] = msgspec.json.Decoder(dict[str, Any]).decode_lines(data)
    return rows
