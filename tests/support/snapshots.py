"""Small snapshots, written from literal rows, and published into storage as a full sync would."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from azure.storage.blob import BlobServiceClient

from connector.access.tables import TABLES, Table
from connector.journal.literals import quoted
from connector.settings import Settings
from connector.storage import Current, Manifest, Store, open_store
from connector.storage.records import SCHEMA_VERSION, KindFacts, SnapshotPart, TableFacts, Traffic

Rows = Sequence[Mapping[str, Any]]
TENANT = "0785ef7c-2d7a-4542-b048-95bcab406e0b"
PUBLISHED = datetime(2026, 1, 5, 6, 1, tzinfo=UTC)


def write_snapshot(folder: Path, tables: Mapping[str, Rows]) -> Path:
    """Write ``{folder}/{table}/part-00000.parquet`` for every table; what a row does not mention is null."""
    with duckdb.connect() as database:
        for table in TABLES:
            path = folder / table.name / "part-00000.parquet"
            path.parent.mkdir(parents=True)
            _fill(database, table, tables.get(table.name, ()))
            database.execute(f"COPY {table.name} TO {quoted(str(path))} (FORMAT parquet)")
    return folder


def _fill(database: duckdb.DuckDBPyConnection, table: Table, rows: Rows) -> None:
    columns = ", ".join(f'"{column.name}" {column.type}' for column in table)
    database.execute(f"CREATE TABLE {table.name} ({columns})")
    for row in rows:
        assert set(row) <= set(table.column_names), f"{table.name} has no column {set(row) - set(table.column_names)}"
        names, places = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
        database.execute(f"INSERT INTO {table.name} ({names}) VALUES ({places})", list(row.values()))


def environment(connection_string: str) -> dict[str, str]:
    """The settings of a deployment whose storage is ``connection_string``."""
    return {
        "ENTRA_TENANT_ID": TENANT,
        "ENTRA_CLIENT_ID": "6f5a7f7e-0d5c-4b3f-9a53-2f4b1f0b7c11",
        "ENTRA_CLIENT_SECRET": "not-a-real-secret",
        "AzureWebJobsStorage": connection_string,
    }


def make_container(settings: Settings) -> None:
    """Make the container, which the connector expects to be there."""
    with BlobServiceClient.from_connection_string(settings.storage) as service:
        service.create_container(settings.container)


async def publish(
    settings: Settings, folder: Path, snapshot_id: str = "20260105T060000Z-one", *, incomplete: Mapping[str, str] = {}
) -> Manifest:
    """Upload the snapshot in ``folder`` and put it in force."""
    manifest = manifest_of(folder, snapshot_id, incomplete)
    async with open_store(settings) as store:
        await upload(store, folder, snapshot_id)
        await store.write_manifest(manifest)
        current = Current(
            schema_version=1,
            snapshot_id=snapshot_id,
            published_at=PUBLISHED,
            journal_head=0,
            cursors={},
            settings={},
        )
        await store.replace_current(current, await store.current())
    return manifest


async def upload(store: Store, folder: Path, snapshot_id: str) -> dict[str, TableFacts]:
    """Upload the tables in ``folder`` as those of a snapshot; what its manifest has to say of them."""
    tables = {table.name: _facts(folder, table) for table in TABLES}
    for facts in tables.values():
        for part in facts.parts:
            await store.upload_snapshot_part(snapshot_id, part.name, folder / part.name)
    return tables


def bare_manifest(snapshot_id: str, at: datetime = PUBLISHED, **known: Any) -> Manifest:
    """A manifest that says nothing but what is ``known``.

    Args:
        at: when it was published; its sync was asked for a minute before.
    """
    nothing: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "tenant_id": TENANT,
        "started_at": at - timedelta(minutes=1),
        "settings": {},
        "tables": {},
        "kinds": {},
        "notes": {},
        "left_out": {},
        "warnings": (),
        "traffic": Traffic(),
    }
    return Manifest(snapshot_id=snapshot_id, published_at=at, **(nothing | known))


def manifest_of(folder: Path, snapshot_id: str, incomplete: Mapping[str, str] = {}) -> Manifest:
    """The manifest of the snapshot in ``folder``."""
    return bare_manifest(
        snapshot_id,
        schema_version=1,
        tables={table.name: _facts(folder, table) for table in TABLES},
        kinds={kind: KindFacts(state="incomplete", reason=reason) for kind, reason in incomplete.items()},
    )


def _facts(folder: Path, table: Table) -> TableFacts:
    name = f"{table.name}/part-00000.parquet"
    data = (folder / name).read_bytes()
    [(rows,)] = duckdb.execute(f"SELECT count(*) FROM read_parquet({quoted(str(folder / name))})").fetchall()
    part = SnapshotPart(name=name, rows=rows, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    return TableFacts(rows=rows, parts=(part,))
