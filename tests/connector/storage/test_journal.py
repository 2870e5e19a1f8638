"""Segments as bytes: what earlier versions wrote is read, and what they can read is written where it says all."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from connector.storage.journal import RowDifference, Segment, decode_segment, encode_segment, segment_after
from connector.storage.records import Cause, Current, FactChange

AT = datetime(2026, 11, 23, tzinfo=UTC)
CURRENT = Current(
    schema_version=2, snapshot_id="s", published_at=AT, journal_head=41, cursors={}, settings={}, last_segment="abc"
)
ROW = RowDifference("groups", ("g",), None, {"id": "g"})
FACT = FactChange(table="groups", key=("g",), after={"id": "g"})
EARLIER = b"""{"schema_version":2,"first":42,"changes":1,"facts":1,"previous":"abc","committed_at":"2026-11-23T00:00:00Z","cause":"delta"}
{"sequence":42,"table":"groups","key":["g"],"before":null,"after":{"id":"g"}}
{"table":"groups","key":["g"],"after":{"id":"g"}}
"""


def made(operations: tuple[str, ...] = (), cause: Cause = Cause.DELTA) -> Segment:
    segment = segment_after(CURRENT, [ROW], [FACT], cause=cause, committed_at=AT, operations=operations)
    assert segment
    return segment


def test_a_segment_follows_what_is_in_force() -> None:
    segment = made()

    assert (segment.head.first, segment.head.previous) == (42, "abc")
    assert [change.sequence for change in segment.changes] == [42]
    assert (segment.head.changes, segment.head.facts) == (1, 1)


def test_nothing_makes_no_segment() -> None:
    assert segment_after(CURRENT, [], [], cause=Cause.DELTA, committed_at=AT) is None


def test_without_operations_the_bytes_are_those_of_earlier_versions() -> None:
    data, ref = encode_segment(made())

    assert data == EARLIER
    assert decode_segment(EARLIER, ref, "one", facts=True) == made()


def test_operations_come_back() -> None:
    segment = made(("o-1", "o-2"), Cause.OPERATION)
    data, ref = encode_segment(segment)

    assert decode_segment(data, ref, "one", facts=True) == segment
    assert msgspec.json.decode(data.partition(b"\n")[0])["operations"] == ["o-1", "o-2"]
