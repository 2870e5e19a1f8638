"""The last step of a sync: build the snapshot from what the checkpoints name, upload it, and put it in force.

Everything here can be repeated: part names are fixed, the same staged facts give the same bytes, and nothing is visible
before ``current.json`` names the snapshot.
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
from connector.sync.planning import Plan, plan
from connector.sync.publishing.building import Built, build_snapshot

_DOWNLOADS_AT_ONCE = 8


async def publish(context: Context, sync: Sync) -> Manifest | None:
    """Publish ``sync``. Returns its manifest, or None where a younger snapshot is in force, which stays.

    Raises:
        StorageError: the snapshot is not in force; the message should be delivered again.
    """
    current = await context.store.current()
    if current is not None and current.record.snapshot_id >= sync.sync_id:
        published = current.record.snapshot_id == sync.sync_id
        return await context.store.manifest(sync.sync_id) if published else None
    checkpoints = await context.board.look()
    planned = plan(context.readers, context.settings, checkpoints)
    await tell(context, progress_of(sync, planned, checkpoints, context.now()))
    with TemporaryDirectory(prefix="entra-publish-") as name:
        folder = Path(name)
        parts = await _download(context, sync, checkpoints, folder)
        built = await asyncio.to_thread(
            build_snapshot, folder, parts, context.settings, provisioning_jobs_complete=_jobs_complete(context, planned)
        )
        for part, path in built.files.items():
            await context.store.upload_snapshot_part(sync.sync_id, part, path)
    manifest = _manifest(context, sync, planned, checkpoints, built)
    await context.store.write_manifest(manifest)
    return manifest if await _put_in_force(context, sync, manifest, current) else None


async def _download(
    context: Context, sync: Sync, checkpoints: Mapping[str, Checkpoint], folder: Path
) -> dict[str, list[Path]]:
    """The files of every staged part that counts, by table, in the order in which they were read."""
    limit = asyncio.Semaphore(_DOWNLOADS_AT_ONCE)
    parts: dict[str, list[Path]] = {}

    async def fetch(unit: str, name: str, path: Path) -> None:
        async with limit:
            await context.store.download_staged(sync.sync_id, unit, name, path)

    downloads = []
    for unit, checkpoint in checkpoints.items():
        for part in checkpoint.parts:
            path = folder / f"{unit}--{part.name}"
            parts.setdefault(part.table, []).append(path)
            downloads.append(fetch(unit, part.name, path))
    await asyncio.gather(*downloads)
    return parts


def _jobs_complete(context: Context, planned: Plan) -> bool:
    fills = [reader.name for reader in context.readers if "provisioning_jobs" in reader.tables]
    return bool(fills) and all(planned.kinds[name].state == "complete" for name in fills)


def _manifest(
    context: Context, sync: Sync, planned: Plan, checkpoints: Mapping[str, Checkpoint], built: Built
) -> Manifest:
    settings, inherited = context.settings, built.inherited
    warnings = []
    if inherited.over_limit:
        warnings.append(
            f"{inherited.over_limit:,} inherited grants exceed INHERITED_GRANTS_LIMIT ({settings.inherited_limit:,}) "
            "and were left out."
        )
    if inherited.too_deep:
        warnings.append(
            f"{inherited.too_deep:,} times a nested group lies deeper than INHERITED_GRANTS_MAX_DEPTH "
            f"({settings.inherited_max_depth}) and was not followed."
        )
    return Manifest(
        schema_version=SCHEMA_VERSION,
        snapshot_id=sync.sync_id,
        tenant_id=settings.tenant_id,
        started_at=sync.started_at,
        published_at=context.now(),
        settings=sync.settings,
        tables=dict(built.tables),
        kinds={name: kind.facts for name, kind in planned.kinds.items()},
        notes={name: kind.notes for name, kind in planned.kinds.items() if kind.notes},
        left_out=dict(built.left_out)
        | ({"inherited_grants_over_limit": inherited.over_limit} if inherited.over_limit else {})
        | ({"nested_groups_too_deep": inherited.too_deep} if inherited.too_deep else {}),
        warnings=tuple(warnings),
        traffic=total_traffic(sync, checkpoints),
    )


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
