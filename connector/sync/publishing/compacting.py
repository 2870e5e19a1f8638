"""Compaction: a snapshot and the journal after it folded into a new snapshot, without asking Graph anything.

Whoever reads the state reads the snapshot and replays the journal, so a long journal makes every reader slow. The new snapshot holds
the same rows, byte for byte what publishing the same facts would write, and is put in force with what was committed after it.

Compaction never goes back either. Its id ends with the sequence of the last change that it folds (and how many segments of facts
alone after it), so that ids sort as the journal goes, and it is put in force only where the segments that it folded are still the first ones of the journal. So two workers that fold the same make the same
snapshot under the same name, and what a worker leaves behind that died is never put in force later over something younger.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from connector.access.staged import FACTS
from connector.access.tables import TABLES
from connector.logs import log_event
from connector.storage import Held, Store
from connector.storage.errors import Conflict
from connector.storage.records import SCHEMA_VERSION, Current, Manifest, SegmentRef
from connector.sync.ids import compacted_id, sync_of
from connector.sync.publishing.building import FACTS_FOLDER, write_parts
from connector.sync.publishing.comparing import New
from connector.sync.publishing.database import open_database
from connector.sync.publishing.placing import journal_until
from connector.sync.publishing.previous import Previous, fetch_state
from connector.sync.publishing.recalling import recall

MOST_SEGMENTS = 200
"""Segments after which a journal is long. Each is a request for everybody who reads the state, and 300 bytes of ``current.json``,
which every commit writes anew: 60 kB, some dozens of milliseconds."""
MOST_LINES = 20_000
"""Lines, of changes and facts, after which it is: as JSON objects in memory they take up to 60 MB, and a second to replay."""
_MOST_ATTEMPTS = 10

_log = logging.getLogger(__name__)


async def compact(
    store: Store, now: datetime, *, most_segments: int = MOST_SEGMENTS, most_lines: int = MOST_LINES
) -> str | None:
    """Fold the journal into a new snapshot if it is long; the snapshot's id, or None where nothing was done.

    Rounds may commit meanwhile, and readers go on reading the old snapshot. Stopped anywhere, it is done again.

    Raises:
        JournalDamaged, SnapshotUnusable, BlobMissing, BlobCorrupt: the state in force is damaged; a full sync repairs it.
        StorageError: storage refuses.
    """
    held = await store.current()
    if held is None or not held.record.segments or not _is_long(held.record, most_segments, most_lines):
        return None
    folded = held.record.segments
    with TemporaryDirectory(prefix="entra-compact-") as name:
        folder = Path(name)
        manifest = await _fold(store, held.record, folder, now)
    if not await _put_in_force(store, held, manifest, folded):
        return None
    log_event(_log, "compacted", snapshot_id=manifest.snapshot_id, segments=len(folded), sequence=manifest.journal_base)
    return manifest.snapshot_id


def _is_long(current: Current, most_segments: int, most_lines: int) -> bool:
    lines = sum(ref.last - ref.first + 1 + ref.facts for ref in current.segments)
    return len(current.segments) > most_segments or lines > most_lines


def _beyond(journal: Sequence[SegmentRef]) -> int:
    """How many segments without changes there are at the end."""
    return len([*takewhile(lambda ref: ref.last < ref.first, reversed(journal))])


async def _fold(store: Store, current: Current, folder: Path, now: datetime) -> Manifest:
    """Write the snapshot that holds the state of ``current``, and its manifest."""
    previous = await fetch_state(store, current, folder)
    before = previous.manifest
    journal = journal_until(current, before)
    snapshot_id = compacted_id(sync_of(current.snapshot_id), current.journal_head, _beyond(journal))
    new = await asyncio.to_thread(_write, previous, folder)
    await asyncio.gather(*(store.upload_snapshot_part(snapshot_id, part, path) for part, path in new.files.items()))
    manifest = replace(
        before,
        schema_version=SCHEMA_VERSION,
        snapshot_id=snapshot_id,
        published_at=max(now, current.segments[-1].committed_at),
        tables=dict(new.tables),
        facts=dict(new.facts),
        journal_base=current.journal_head,
        journal=journal,
        continuous=True,
        compacted_from=before.compacted_from or before.snapshot_id,
    )
    await store.write_manifest(manifest)
    return manifest


def _write(previous: Previous, folder: Path) -> New:
    """Every table and fact table of the state, as files. Of those that the journal does not touch, the files that there are."""
    before = previous.manifest
    size = sum(path.stat().st_size for path in (*previous.files.values(), *previous.facts.values()))
    with open_database(folder, size) as database:
        recall(database, previous, folder)
        changed, stated = (
            [table for table in which if table.name in names or table.name not in held]
            for which, names, held in (
                (TABLES, {one.table for one in previous.changes}, before.tables),
                (FACTS, {one.table for one in previous.fact_changes}, before.facts),
            )
        )
        tables, files = write_parts(database, changed, folder, "previous")
        facts, more = write_parts(database, stated, folder, "known", FACTS_FOLDER)
    kept = {
        part.name: paths[name]
        for held, paths, new in ((before.tables, previous.files, tables), (before.facts, previous.facts, facts))
        for name in held.keys() - new.keys()
        for part in held[name].parts
    }
    return New({**before.tables, **tables}, {**before.facts, **facts}, {**kept, **files, **more})


async def _put_in_force(store: Store, held: Held[Current], manifest: Manifest, folded: Sequence[SegmentRef]) -> bool:
    """Let ``current.json`` name the snapshot, with the segments after it; False where it is of no use any more."""
    before = held.record.snapshot_id
    for _ in range(_MOST_ATTEMPTS):
        current = held.record
        if current.snapshot_id == manifest.snapshot_id:
            return True
        if current.snapshot_id != before or current.segments[: len(folded)] != tuple(folded):
            return False
        wanted = replace(
            current,
            snapshot_id=manifest.snapshot_id,
            published_at=manifest.published_at,
            journal_base=manifest.journal_base,
            segments=current.segments[len(folded) :],
        )
        try:
            await store.replace_current(wanted, held)
        except Conflict:
            again = await store.current()
            if again is None:
                return False
            held = again
        else:
            return True
    return False
