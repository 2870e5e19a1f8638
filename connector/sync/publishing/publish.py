"""The last step of a sync: build the snapshot from what the checkpoints name, upload it, and put it in force.

Publishing is optimistic: it builds against the state that it finds in force, and puts the snapshot in force if that still is what is
there. Where rounds have committed meanwhile it builds again, and holds their leases so that it ends.

Everything here can be repeated and happen twice at the same time. Part names are fixed, the same staged facts and the same state
before give the same bytes, and nothing is visible before ``current.json`` names the snapshot. But another state before gives
other bytes under the same names, and a worker that was slow must not write its own over those of one that has published since.
So the ETags of all blobs of the snapshot are read before ``current.json`` is, and each is replaced only if it is unchanged: whoever
has read an older state has older ETags.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from connector.logs import log_event
from connector.storage import Held
from connector.storage.errors import BlobCorrupt, BlobMissing, Conflict, StorageError
from connector.storage.journal import segment_after
from connector.storage.leases import LeaseHeld
from connector.storage.records import SCHEMA_VERSION, Cause, Checkpoint, Current, Lane, Manifest, Sync, TableChanges
from connector.sync.announcing import progress_of, tell, total_traffic
from connector.sync.context import Context
from connector.sync.errors import NothingRead
from connector.sync.ids import sync_of
from connector.sync.planning import Plan, plan
from connector.sync.publishing.building import Built, Material, build_snapshot
from connector.sync.publishing.gaps import kinds_read
from connector.sync.publishing.manifest import make_manifest
from connector.sync.publishing.placing import Place, journal_until, place_of
from connector.sync.publishing.previous import Damage, Previous, fetch_previous

_DOWNLOADS_AT_ONCE = 8
_MOST_ATTEMPTS = 4
_LEASE_PATIENCE_S = 60.0
"""How long to wait for a round to end before building without its lease: longer than a lease outlives its holder."""

_log = logging.getLogger(__name__)


class PublishingDisturbed(StorageError):
    """Others have written again and again what publishing was about to write."""

    transient = True

    def __init__(self) -> None:
        super().__init__(
            "The snapshot could not be put in force: the state changed each time while it was built.",
            "Nothing was lost. It is tried again.",
        )


async def publish(context: Context, sync: Sync) -> Manifest | None:
    """Publish ``sync``. Returns its manifest, or None where the snapshot of a younger sync is in force, which stays.

    Raises:
        StorageError: the snapshot is not in force; the message should be delivered again.
        NothingRead: there is nothing to make a snapshot of.
        SnapshotInconsistent: the tables contradict each other.
    """
    current = await context.store.current()
    if _is_over(current, sync):
        return await _published(context, sync, current)
    checkpoints = await context.board.look()
    planned = plan(context.readers, context.settings, checkpoints)
    _check_something_was_read(context, planned)
    await tell(context, progress_of(sync, planned, checkpoints, context.now()))
    await _catch_up(context)
    with TemporaryDirectory(prefix="entra-publish-") as name:
        files = await _download(context, sync, checkpoints, Path(name))
        publication = _Publication(context, sync, planned, checkpoints, files)
        for attempt in range(_MOST_ATTEMPTS):
            with TemporaryDirectory(prefix="attempt-", dir=name) as folder, suppress(Conflict):
                async with _rounds_waiting(context) if attempt else AsyncExitStack():
                    return await publication.attempt(Path(folder))
    raise PublishingDisturbed


def _is_over(held: Held[Current] | None, sync: Sync) -> bool:
    """Whether this sync, or a younger one, has been published, whatever has become of its snapshot since."""
    return held is not None and sync_of(held.record.snapshot_id) >= sync.sync_id


async def _published(context: Context, sync: Sync, held: Held[Current] | None) -> Manifest | None:
    ours = held is not None and sync_of(held.record.snapshot_id) == sync.sync_id
    return await context.store.manifest(sync.sync_id) if ours else None


async def _catch_up(context: Context) -> None:
    """Let rounds commit what they can see. Where they fail, the snapshot says it as drift."""
    try:
        await context.catch_up()
    except Exception as error:  # whatever it is, the next round meets it, too
        log_event(_log, "catch_up_failed", level=logging.WARNING, problem=str(error), error=type(error).__name__)


@asynccontextmanager
async def _rounds_waiting(context: Context) -> AsyncIterator[None]:
    """Hold the leases of all lanes, as far as they can be had."""
    async with AsyncExitStack() as stack:
        for lane in Lane:
            try:
                await stack.enter_async_context(context.store.lease(lane.value, patience=_LEASE_PATIENCE_S))
            except LeaseHeld:
                log_event(_log, "lease_not_had", level=logging.WARNING, lane=lane.value)
        yield


class _Publication:
    """One sync, ready to be published against whatever is in force.

    Args:
        files: where the staged parts are, by ``unit/part name``.
    """

    def __init__(
        self,
        context: Context,
        sync: Sync,
        planned: Plan,
        checkpoints: Mapping[str, Checkpoint],
        files: Mapping[str, Path],
    ) -> None:
        self._context = context
        self._sync = sync
        self._planned = planned
        self._checkpoints = checkpoints
        self._files = files

    async def attempt(self, folder: Path) -> Manifest | None:
        """Build the snapshot and put it in force.

        Raises:
            Conflict: something else is in force by now, or somebody else publishes the same sync.
        """
        context, store = self._context, self._context.store
        etags = await store.snapshot_etags(self._sync.sync_id)  # before anything else is read
        held = await store.current()
        if _is_over(held, self._sync):
            return await _published(context, self._sync, held)
        current = held.record if held else None
        previous = await fetch_previous(store, current, self._sync, folder)
        material = Material(
            parts=_by_table(self._checkpoints, self._files),
            kinds=kinds_read(context.readers, self._planned, self._files),
            previous=previous if isinstance(previous, Previous) else None,
            accepted=self._sync.accept_shrinking,
            continues=current is not None and current.settings == self._sync.settings,
        )
        built = await asyncio.to_thread(build_snapshot, folder, material, context.settings)
        await asyncio.gather(
            *(
                store.replace_snapshot_part(self._sync.sync_id, part, path, etags.get(part))
                for part, path in built.files.items()
            )
        )
        place = await self._take_place(current, material, built, "manifest.json" in etags)
        manifest = make_manifest(
            context.settings,
            self._sync,
            self._planned,
            material,
            built,
            traffic=total_traffic(self._sync, self._checkpoints),
            published_at=self._now(current),
            damage=previous if isinstance(previous, Damage) else None,
            place=place,
        )
        await store.replace_manifest(manifest, etags.get("manifest.json"))
        await store.replace_current(self._current(manifest, place), held)
        if material.continues and built.differences:
            _tell_drift(self._sync.sync_id, built.differences.counts)
        return manifest

    async def _take_place(self, current: Current | None, material: Material, built: Built, repeated: bool) -> Place:
        """Write what the journal had missed as its next segment, if it can be told."""
        drift = built.differences.drift if built.differences else None
        before = material.previous.manifest if material.previous else None
        ref = None
        if current is not None and before is not None and drift is not None:
            moment = await self._told_at(current, before) if repeated else None
            segment = segment_after(
                current, drift.tables, drift.facts, cause=Cause.FULL_SYNC, committed_at=moment or self._now(current)
            )
            ref = await self._context.store.write_segment(segment) if segment else None
        return place_of(current, before, drift, ref)

    async def _told_at(self, current: Current, before: Manifest) -> datetime | None:
        """When the same drift was written by an earlier attempt: whoever puts it in force, it must be the same segment."""
        try:
            manifest = await self._context.store.manifest(self._sync.sync_id)
        except (BlobMissing, BlobCorrupt):
            return None
        *led, last = manifest.journal or (None,)
        if last is None or last.cause is not Cause.FULL_SYNC or tuple(led) != journal_until(current, before):
            return None
        return last.committed_at

    def _current(self, manifest: Manifest, place: Place) -> Current:
        return Current(
            schema_version=SCHEMA_VERSION,
            snapshot_id=self._sync.sync_id,
            published_at=manifest.published_at,
            journal_base=place.base,
            journal_head=place.base,
            last_segment=place.last_segment,
            cursors=self._sync.cursors,
            settings=self._sync.settings,
            committed_at=manifest.published_at,
        )

    def _now(self, current: Current | None) -> datetime:
        """When what follows ``current`` is put in force."""
        now = self._context.now()
        return current.next_commit_at(now) if current else now


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


def _tell_drift(sync_id: str, counts: Mapping[str, TableChanges]) -> None:
    """Say which rows rounds have missed. Rows that are there on both sides do not count: some columns only full syncs read."""
    missed = {table: one for table, one in counts.items() if one.added + one.removed}
    if missed:
        log_event(
            _log,
            "drift_found",
            sync_id=sync_id,
            added=sum(one.added for one in missed.values()),
            removed=sum(one.removed for one in missed.values()),
            tables=" ".join(missed),
        )
