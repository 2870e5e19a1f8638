"""Journal segments as bytes: a head, then the changes, then the facts that they follow from, a line each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from connector.storage.errors import BlobCorrupt
from connector.storage.records import SCHEMA_VERSION, Cause, Change, Current, FactChange, SegmentHead, SegmentRef

_encoder = msgspec.json.Encoder(order="deterministic")


class RowDifference(NamedTuple):
    """A row of a table that differs: a ``Change`` without its sequence.

    ``before`` and ``after`` name every column, as JSON: times as ISO 8601 text with ``Z``; None where there is no row.
    """

    table: str
    key: tuple[str, ...]
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Segment:
    """One commit of the journal.

    Attributes:
        changes: of the tables, in order, with consecutive sequences.
        facts: of the fact tables; of each row the last one holds.
    """

    head: SegmentHead
    changes: Sequence[Change]
    facts: Sequence[FactChange]


def segment_after(
    current: Current,
    changes: Sequence[RowDifference],
    facts: Sequence[FactChange],
    *,
    cause: Cause,
    committed_at: datetime,
    operations: tuple[str, ...] = (),
) -> Segment | None:
    """The segment that follows ``current``; None where there is nothing that it could tell.

    Args:
        operations: ids of the operations of ours that the changes come from, for the cause ``operation``.
    """
    if not changes and not facts:
        return None
    first = current.journal_head + 1
    head = SegmentHead(
        schema_version=SCHEMA_VERSION,
        first=first,
        changes=len(changes),
        facts=len(facts),
        previous=current.last_segment,
        committed_at=committed_at,
        cause=cause,
        operations=operations,
    )
    return Segment(head, [Change(sequence=first + at, **row._asdict()) for at, row in enumerate(changes)], facts)


def encode_segment(segment: Segment) -> tuple[bytes, SegmentRef]:
    """The bytes of a segment, and how to refer to it. The same segment gives the same bytes."""
    data = _encoder.encode_lines([segment.head, *segment.changes, *segment.facts])
    head = segment.head
    return data, SegmentRef(
        first=head.first,
        last=head.first + head.changes - 1,
        facts=head.facts,
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        committed_at=head.committed_at,
        cause=head.cause,
    )


def decode_segment(data: bytes, ref: SegmentRef, name: str, *, facts: bool) -> Segment:
    """The segment in ``data``, the content of the blob ``name``.

    Args:
        facts: whether the facts are wanted, too; they are skipped otherwise.

    Raises:
        BlobCorrupt: it is not what ``ref`` says, byte for byte, or is no segment.
    """
    if hashlib.sha256(data).hexdigest() != ref.sha256:
        raise BlobCorrupt(name, "its hash is not the one that was committed")
    try:
        first, _, rest = data.partition(b"\n")
        head = msgspec.json.decode(first, type=SegmentHead)
        lines = rest.splitlines()
        changes = [_change(line) for line in lines[: head.changes]]
        stated = [_fact(line) for line in lines[head.changes :]] if facts else []
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BlobCorrupt(name, str(error)) from None
    numbers = [change.sequence for change in changes]
    if len(lines) != head.changes + head.facts or numbers != list(range(ref.first, ref.last + 1)):
        raise BlobCorrupt(name, "lines are missing")
    return Segment(head, changes, stated)


_change = msgspec.json.Decoder(Change).decode
_fact = msgspec.json.Decoder(FactChange).decode
