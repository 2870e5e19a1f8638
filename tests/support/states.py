"""The state in force read back the plain way: the snapshot loaded into tables, the journal replayed onto them, every hash checked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from connector.access.staged import FACTS
from connector.access.tables import TABLES
from connector.journal.replay import RowChange, replay
from connector.journal.rows import json_rows
from connector.journal.states import read_segments
from connector.storage import Store
from connector.storage.records import Manifest, SegmentRef

Rows = dict[str, list[dict[str, Any]]]
"""Rows by table, those of fact tables by ``facts/{table}``, sorted by key."""


async def rows_in_force(store: Store) -> Rows:
    """What ``current.json`` describes."""
    held = await store.current()
    assert held, "nothing is in force"
    return await rows_of(store, held.record.snapshot_id, held.record.segments)


async def rows_of(store: Store, snapshot_id: str, segments: Sequence[SegmentRef] = ()) -> Rows:
    """What a snapshot holds once ``segments`` are replayed onto it."""
    manifest = await store.manifest(snapshot_id)
    read = await read_segments(store, segments, facts=True)
    with TemporaryDirectory() as name, duckdb.connect() as database:
        folder = Path(name)
        database.execute("SET TimeZone = 'UTC'; CREATE SCHEMA facts")
        await _load(store, manifest, database, folder)
        changes = [RowChange(one.table, one.key, one.after) for segment in read for one in segment.changes]
        facts = [RowChange(one.table, one.key, one.after) for segment in read for one in segment.facts]
        replay(database, "main", TABLES, changes, folder)
        replay(database, "facts", FACTS, facts, folder)
        rows = {}
        for prefix, schema, tables in (("", "main", TABLES), ("facts/", "facts", FACTS)):
            for table in tables:
                query = f"FROM {schema}.{table.name} ORDER BY {', '.join(table.key)}"
                rows[prefix + table.name] = list(json_rows(database, table, query))
        return rows


async def _load(store: Store, manifest: Manifest, database: duckdb.DuckDBPyConnection, folder: Path) -> None:
    path = folder / "part.parquet"
    for schema, held in (("main", manifest.tables), ("facts", manifest.facts)):
        for table, facts in held.items():
            [part] = facts.parts
            await store.download_snapshot_part(manifest.snapshot_id, part, path)
            assert hashlib.sha256(path.read_bytes()).hexdigest() == part.sha256, f"{part.name} is not what was written"
            database.execute(f"CREATE TABLE {schema}.{table} AS FROM read_parquet('{path}')")
            [(rows,)] = database.execute(f"SELECT count(*) FROM {schema}.{table}").fetchall()
            assert rows == facts.rows
