"""Journal segments as bytes: a head, then the changes, then the facts that they follow from, a line each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from connector.storage.errors import BlobCorrupt
from connector.storage.records import Change, FactChange, SegmentHead, SegmentRef

_encoder = msgspec.json.Encoder(order="deterministic")


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
