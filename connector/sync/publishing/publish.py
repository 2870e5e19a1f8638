"""The last step of a sync: build the snapshot from what the checkpoints name, upload it, and put it in force.

Everything here can be repeated: part names are fixed, the same staged facts and the same previous snapshot give the same
bytes, and nothing is visible before ``current.json`` names the snapshot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from connector.storage import Held
from connector.storage.errors import Conflict
from connector.storage.records import SCHEMA_VERSION, Checkpoint, Current, Manifest, Sync
from connector.sync.announcing import progress_of, tell, total_traffic
from connector.sync.context import Context
from connector.sync.errors import NothingRead
from connector.sync.planning import Plan, plan
from connector.sync.publishing.building import Material, build_snapshot
from connector.sync.publishing.gaps import kinds_read
from connector.sync.publishing.manifest import make_manifest
from connector.sync.publishing.previous import fetch_previous

_DOWNLOADS_AT_ONCE = 8


async def publish(context: Context, sync: Sync) -> Manifest | None:
    """Publish ``sync``. Returns its manifest, or None where a younger snapshot is in force, which stays.

    Raises:
        StorageError: the snapshot is not in force; the message should be delivered again.
        NothingRead: there is nothing to make a snapshot of.
        SnapshotInconsistent: the tables contradict each other.
    """
    current = await context.store.current()
    if current is not None and current.record.snapshot_id >= sync.sync_id:
        published = current.record.snapshot_id == sync.sync_id
        return await context.store.manifest(sync.sync_id) if published else None
    checkpoints = await context.board.look()
    planned = plan(context.readers, context.settings, checkpoints)
    _check_something_was_read(context, planned)
    await tell(context, progress_of(sync, planned, checkpoints, context.now()))
    with TemporaryDirectory(prefix="entra-publish-") as name:
        folder = Path(name)
        in_force = current.record if current else None
        files, previous = await asyncio.gather(
            _download(context, sync, checkpoints, folder), fetch_previous(context.store, in_force, folder)
        )
        material = Material(
            parts=_by_table(checkpoints, files),
            kinds=kinds_read(context.readers, planned, files),
            previous=previous,
            accepted=sync.accept_shrinking,
        )
        built = await asyncio.to_thread(build_snapshot, folder, material, context.settings)
        await asyncio.gather(
            *(context.store.upload_snapshot_part(sync.sync_id, part, path) for part, path in built.files.items())
        )
    manifest = make_manifest(
        context.settings,
        sync,
        planned,
        material,
        built,
        traffic=total_traffic(sync, checkpoints),
        published_at=context.now(),
        damaged=in_force.snapshot_id if in_force and previous is None else None,
    )
    await context.store.write_manifest(manifest)
    return manifest if await _put_in_force(context, sync, manifest, current) else None


def _check_something_was_read(context: Context, planned: Plan) -> None:
    """Nothing is published of a tenant that could not be read at all: that would be a picture of our permissions.

    Raises:
        NothingRead: everything that every sync reads was refused.
    """
    required = [planned.kinds[reader.name] for reader in context.readers if not reader.optional]
    wanted = [kind for kind in required if kind.state != "skipped"]
    if wanted and all(kind.state == "incomplete" and not kind.rows for kind in wanted):
        raise NothingRead(next((kind.reason for kind in wanted if kind.reason), ""))


async def _download(
    context: Context, sync: Sync, checkpoints: Mapping[str, Checkpoint], folder: Path
) -> dict[str, Path]:
    """The file of every staged part that counts, by ``unit/part name``."""
    limit = asyncio.Semaphore(_DOWNLOADS_AT_ONCE)
    files: dict[str, Path] = {}

    async def fetch(unit: str, name: str, path: Path) -> None:
        async with limit:
            await context.store.download_staged(sync.sync_id, unit, name, path)

    downloads = []
    for unit, checkpoint in checkpoints.items():
        for part in checkpoint.parts:
            path = files[f"{unit}/{part.name}"] = folder / f"{unit}--{part.name}"
            downloads.append(fetch(unit, part.name, path))
    await asyncio.gather(*downloads)
    return files


def _by_table(checkpoints: Mapping[str, Checkpoint], files: Mapping[str, Path]) -> dict[str, list[Path]]:
    """The files of each staged table, in the order in which they were read."""
    parts: dict[str, list[Path]] = {}
    for unit, checkpoint in checkpoints.items():
        for part in checkpoint.parts:
            parts.setdefault(part.table, []).append(files[f"{unit}/{part.name}"])
    return parts


async def _put_in_force(context: Context, sync: Sync, manifest: Manifest, held: Held[Current] | None) -> bool:
    """Let ``current.json`` name the snapshot; False where a younger one is in force by now."""
    wanted = Current(
        schema_version=SCHEMA_VERSION,
        snapshot_id=sync.sync_id,
        published_at=manifest.published_at,
        journal_head=0,
        cursors=sync.cursors,
        settings=sync.settings,
    )
    while held is None or held.record.snapshot_id < sync.sync_id:
        try:
            await context.store.replace_current(wanted, held)
        except Conflict:
            held = await context.store.current()
        else:
            return True
    return held.record.snapshot_id == sync.sync_id
