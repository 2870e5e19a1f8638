"""Journals written as rounds, full syncs and compaction write them: from literal rows, straight into storage."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

import msgspec

from connector.access.tables import TABLES
from connector.settings import Settings
from connector.storage import Current, Manifest, Store, journal, open_store
from connector.storage.journal import RowDifference, Segment
from connector.storage.records import (
    SCHEMA_VERSION,
    Cause,
    FactChange,
    SegmentRef,
    TableFacts,
)
from tests.support.snapshots import PUBLISHED, bare_manifest

_KEYS = {table.name: table.key for table in TABLES}
T = TypeVar("T")


class Difference(NamedTuple):
    """A row of a table, before and after: :func:`appeared`, :func:`gone` and :func:`became` make them."""

    table: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def appeared(table: str, **row: Any) -> Difference:
    """A row that was not there."""
    return Difference(table, None, row)


def gone(table: str, **row: Any) -> Difference:
    """A row that is no longer there."""
    return Difference(table, row, None)


def became(table: str, before: Mapping[str, Any], **columns: Any) -> Difference:
    """A row of which some columns differ."""
    return Difference(table, before, {**before, **columns})


def later(minutes: float) -> datetime:
    """A moment after the first snapshot of these tests was published."""
    return PUBLISHED + timedelta(minutes=minutes)


async def commit(
    store: Store,
    differences: Sequence[Difference],
    *,
    at: datetime,
    cause: Cause = Cause.DELTA,
    facts: Sequence[FactChange] = (),
    operations: tuple[str, ...] = (),
) -> SegmentRef:
    """Append one segment to the journal, as a round does."""
    held = await store.current()
    assert held, "there is no snapshot yet"
    current = held.record
    segment = segment_after(current, differences, at=at, cause=cause, facts=facts, operations=operations)
    ref = await store.write_segment(segment)
    moved = msgspec.structs.replace(
        current,
        journal_head=ref.last,
        segments=(*current.segments, ref),
        last_segment=ref.sha256,
        committed_at=at,
    )
    await store.replace_current(moved, held)
    return ref


def segment_after(
    current: Current,
    differences: Sequence[Difference],
    *,
    at: datetime,
    cause: Cause = Cause.DELTA,
    facts: Sequence[FactChange] = (),
    operations: tuple[str, ...] = (),
) -> Segment:
    """The segment that would follow ``current``."""
    rows = [
        RowDifference(
            one.table,
            tuple((one.after or one.before or {})[name] for name in _KEYS[one.table]),
            dict(one.before) if one.before is not None else None,
            dict(one.after) if one.after is not None else None,
        )
        for one in differences
    ]
    segment = journal.segment_after(current, rows, facts, cause=cause, committed_at=at, operations=operations)
    assert segment, "a segment tells something"
    return segment


async def publish_sync(
    store: Store,
    snapshot_id: str,
    *,
    at: datetime,
    drift: Sequence[Difference] = (),
    continuous: bool = True,
    tables: Mapping[str, TableFacts] = {},
) -> Manifest:
    """Put the snapshot of a full sync in force. ``tables``: its parts, already uploaded.

    What the journal had missed is ``drift``. One that is not ``continuous`` begins anew.
    """
    held = await store.current()
    if held is None:
        return await _put_in_force(store, bare_manifest(snapshot_id, at, tables=dict(tables)), "", None)
    if continuous and drift:
        await commit(store, drift, at=at, cause=Cause.FULL_SYNC)
        held = await store.current()
        assert held
    in_force = await store.manifest(held.record.snapshot_id)
    manifest = msgspec.structs.replace(
        bare_manifest(snapshot_id, at, tables=dict(tables)),
        previous=in_force.compacted_from or in_force.snapshot_id,
        journal_base=held.record.journal_head if continuous else held.record.journal_head + 1,
        journal=(*(in_force.journal if in_force.compacted_from else ()), *held.record.segments),
        continuous=continuous,
    )
    return await _put_in_force(store, manifest, held.record.last_segment, held)


async def compact(store: Store, *, at: datetime, tables: Mapping[str, TableFacts] = {}) -> Manifest:
    """Fold the journal into a snapshot, as compaction does. ``tables``: its parts, already uploaded."""
    held = await store.current()
    assert held, "there is no snapshot yet"
    in_force = await store.manifest(held.record.snapshot_id)
    origin = in_force.compacted_from or in_force.snapshot_id
    manifest = msgspec.structs.replace(
        bare_manifest(f"{origin}-{held.record.journal_head:016d}", at, tables=dict(tables)),
        compacted_from=origin,
        journal_base=held.record.journal_head,
        journal=(*(in_force.journal if in_force.compacted_from else ()), *held.record.segments),
    )
    return await _put_in_force(store, manifest, held.record.last_segment, held)


async def _put_in_force(store: Store, manifest: Manifest, last_segment: str, held: Any) -> Manifest:
    await store.write_manifest(manifest)
    current = Current(
        schema_version=SCHEMA_VERSION,
        snapshot_id=manifest.snapshot_id,
        published_at=manifest.published_at,
        journal_head=manifest.journal_base,
        journal_base=manifest.journal_base,
        last_segment=last_segment,
        cursors={},
        settings={},
        committed_at=manifest.published_at,
    )
    await store.replace_current(current, held)
    return manifest


def in_storage(settings: Settings, work: Callable[[Store], Awaitable[T]]) -> T:
    """What ``work`` returns, run with the store that ``settings`` name."""

    async def run() -> T:
        async with open_store(settings) as store:
            return await work(store)

    return asyncio.run(run())
