"""The snapshot that is in force while a new one is published: what it says stays where nothing new could be read."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connector.logs import log_event
from connector.storage import Store
from connector.storage.errors import BlobCorrupt, BlobMissing
from connector.storage.records import SCHEMA_VERSION, Current, Manifest, TableFacts

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Previous:
    """A snapshot on the local disk. ``files``: its parts by table; ``facts``: those of its fact tables."""

    manifest: Manifest
    files: Mapping[str, Path]
    facts: Mapping[str, Path]


class _Unusable(Exception):
    """The snapshot is not what its manifest says."""


async def fetch_previous(store: Store, current: Current | None, folder: Path) -> Previous | None:
    """Download the snapshot in force into ``folder``. None where there is none, or where it has been damaged.

    A damaged one is no reason not to publish a good one; it is logged.

    Raises:
        StorageError: storage cannot be read now.
    """
    if current is None:
        return None
    try:
        return await _fetch(store, current.snapshot_id, folder)
    except (BlobMissing, BlobCorrupt, _Unusable) as damage:
        log_event(
            _log, "previous_unusable", level=logging.WARNING, snapshot_id=current.snapshot_id, problem=str(damage)
        )
        return None


async def _fetch(store: Store, snapshot_id: str, folder: Path) -> Previous:
    manifest = await store.manifest(snapshot_id)
    if manifest.schema_version > SCHEMA_VERSION:
        raise _Unusable("It was written by a newer version.")
    if not manifest.facts:
        raise _Unusable("It keeps no facts.")
    files = await _download(store, snapshot_id, manifest.tables, folder, "previous")
    facts = await _download(store, snapshot_id, manifest.facts, folder, "known")
    return Previous(manifest, files, facts)


async def _download(
    store: Store, snapshot_id: str, tables: Mapping[str, TableFacts], folder: Path, prefix: str
) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for table, held in tables.items():
        [part] = held.parts
        path = files[table] = folder / f"{prefix}--{table}.parquet"
        await store.download_snapshot_part(snapshot_id, part.name, path)
        if await asyncio.to_thread(_digest, path) != part.sha256:
            raise _Unusable(f"{part.name} is not what the manifest says.")
    return files


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
