"""Everything that the connector keeps in storage, as typed operations of one tenant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from connector.settings import Settings
from connector.storage.audit import AuditFiles
from connector.storage.blobs import Blobs
from connector.storage.clients import make_clients
from connector.storage.consents import Consents
from connector.storage.documents import Documents, Held, encode, same_etag
from connector.storage.errors import BlobCorrupt, BlobMissing
from connector.storage.hashes import sha256_of
from connector.storage.journal import Segment, decode_segment, encode_segment
from connector.storage.leases import Lease, hold_lease
from connector.storage.names import (
    CHANGES_QUEUE,
    LIFECYCLE_QUEUE,
    MANIFEST,
    OWN_QUEUES,
    POISON_SUFFIX,
    SYNC_QUEUE,
    Names,
)
from connector.storage.operations import Operations
from connector.storage.queues import Queues, Taken
from connector.storage.records import (
    ChangesMessage,
    Checkpoint,
    CredentialFacts,
    Current,
    Manifest,
    Progress,
    Rounds,
    Running,
    SegmentRef,
    SnapshotPart,
    StepMessage,
    Sync,
    WakeMessage,
)
from connector.storage.subscriptions import LifecycleMessage, Subscriptions

_READS_AT_ONCE = 16


class Store:
    """The tenant's blobs and the sync queue. Every method raises :class:`~connector.storage.errors.StorageError`."""

    def __init__(self, blobs: Blobs, queues: Queues, tenant_id: str) -> None:
        self._blobs = blobs
        self._documents = Documents(blobs)
        self._queues = queues
        self._names = Names(tenant_id)

    # --- whether it works

    async def try_writing(self) -> None:
        """Write a blob and remove it again. Raises what keeps that from working."""
        await self._blobs.write(self._names.probe, b"")
        await self._blobs.delete(self._names.probe)

    async def waiting(self) -> dict[str, int | None]:
        """About how many messages wait in each queue of ours and beside it; None: there is no such queue. Raises where they cannot be
        worked on."""
        queues = [name + suffix for name in OWN_QUEUES for suffix in ("", POISON_SUFFIX)]
        return dict(zip(queues, await asyncio.gather(*map(self._queues.waiting, queues)), strict=True))

    # --- the state in force

    async def current(self) -> Held[Current] | None:
        """What is in force, or None before the first sync is published."""
        return await self._documents.read(self._names.current, Current)

    async def replace_current(self, current: Current, held: Held[Current] | None) -> Held[Current]:
        """Put ``current`` in force, if ``held`` still is what is there (None: nothing was).

        Raises:
            Conflict: something else is in force by now.
        """
        return await self._documents.replace(self._names.current, current, held)

    async def manifest(self, snapshot_id: str) -> Manifest:
        """The manifest of a snapshot.

        Raises:
            BlobMissing: there is no such snapshot.
        """
        name = self._names.manifest(snapshot_id)
        held = await self._documents.read(name, Manifest)
        if held is None:
            raise BlobMissing(name)
        return held.record

    async def write_manifest(self, manifest: Manifest) -> None:
        """Write the manifest of a snapshot that is not in force yet."""
        await self._blobs.write(self._names.manifest(manifest.snapshot_id), encode(manifest))

    async def upload_snapshot_part(self, snapshot_id: str, part: str, path: Path) -> None:
        """Upload ``path`` as ``part`` (``{table}/part-00000.parquet``) of a snapshot."""
        await self._blobs.upload_file(self._names.snapshot_part(snapshot_id, part), path)

    async def snapshot_etags(self, snapshot_id: str) -> dict[str, str]:
        """The ETags of all blobs of a snapshot, by part name; ``manifest.json`` is among them."""
        prefix = self._names.snapshot_part(snapshot_id, "")
        return {name.removeprefix(prefix): etag for name, etag in (await self._blobs.etags(prefix)).items()}

    async def replace_snapshot_part(self, snapshot_id: str, part: str, path: Path, etag: str | None) -> None:
        """Upload ``path`` as ``part`` of a snapshot, if what is there still has the ETag ``etag`` (None: nothing is there).

        Raises:
            Conflict: something else is there by now.
        """
        await self._blobs.replace_file(self._names.snapshot_part(snapshot_id, part), path, etag)

    async def replace_manifest(self, manifest: Manifest, etag: str | None) -> None:
        """Write the manifest of a snapshot that is not in force yet, if the one there still has the ETag ``etag`` (None: none).

        Raises:
            Conflict: another one is there by now.
        """
        name, data = self._names.manifest(manifest.snapshot_id), encode(manifest)
        await (self._blobs.replace(name, data, etag) if etag else self._blobs.create(name, data))

    async def download_snapshot_part(self, snapshot_id: str, part: SnapshotPart, path: Path) -> None:
        """Download ``part`` of a snapshot, as its manifest has it, into the file ``path``.

        Raises:
            BlobMissing: it is not there.
            BlobCorrupt: it is not what the manifest says, byte for byte.
        """
        name = self._names.snapshot_part(snapshot_id, part.name)
        await self._blobs.download_file(name, path)
        if await asyncio.to_thread(sha256_of, path) != part.sha256:
            raise BlobCorrupt(name, "it is not what the manifest says")

    async def snapshots(self) -> dict[str, bool]:
        """The ids of all snapshots of which storage holds anything, oldest first, and whether they have a manifest."""
        found: dict[str, bool] = {}
        async for name in self._blobs.list(self._names.snapshots):
            snapshot_id, _, part = name.removeprefix(self._names.snapshots).partition("/")
            found[snapshot_id] = found.get(snapshot_id, False) or part == MANIFEST
        return found

    async def remove_snapshot(self, snapshot_id: str) -> None:
        """Delete a snapshot: its manifest first, so that what is left of it is never taken for a whole one."""
        await self._blobs.delete(self._names.manifest(snapshot_id))
        await self._blobs.delete_all(self._names.snapshot_part(snapshot_id, ""))

    def snapshot_location(self, snapshot_id: str) -> str:
        """The folder of a snapshot in the container, for people."""
        return self._names.snapshot_part(snapshot_id, "")

    # --- the journal

    async def write_segment(self, segment: Segment) -> SegmentRef:
        """Write a segment. It counts once ``current.json`` names it; written again, nothing changes."""
        data, ref = encode_segment(segment)
        await self._blobs.write(self._names.segment(ref.first, ref.sha256), data)
        return ref

    async def segment(self, ref: SegmentRef, *, facts: bool = False) -> Segment:
        """A segment that was committed, with its facts if they are wanted.

        Raises:
            BlobMissing: it is not there.
            BlobCorrupt: it is not what was committed.
        """
        name = self._names.segment(ref.first, ref.sha256)
        blob = await self._blobs.read(name)
        if blob is None:
            raise BlobMissing(name)
        return decode_segment(blob.data, ref, name, facts=facts)

    async def segments_written(self) -> dict[str, datetime]:
        """When each segment was written, committed or not, by the name of its blob, in order of their first sequences."""
        return await self._blobs.written(self._names.journal)

    def segment_name(self, ref: SegmentRef) -> str:
        """The blob name of a segment."""
        return self._names.segment(ref.first, ref.sha256)

    async def remove_segment(self, name: str) -> None:
        """Delete a segment by the name of its blob."""
        await self._blobs.delete(name)

    # --- rounds

    async def rounds(self) -> Held[Rounds] | None:
        """What rounds have been doing, or None before the first."""
        return await self._documents.read(self._names.rounds, Rounds)

    async def replace_rounds(self, rounds: Rounds, held: Held[Rounds] | None) -> Held[Rounds]:
        """Tell what rounds have been doing, if ``held`` still is what is there. Raises Conflict otherwise."""
        return await self._documents.replace(self._names.rounds, rounds, held)

    def lease(self, name: str, *, patience: float = 0.0) -> AbstractAsyncContextManager[Lease]:
        """Be the only one who does what ``name`` says (:class:`~connector.storage.records.Lane`), while the context lasts.

        The lease is renewed in the background. Before anything is committed under it, ask :meth:`Lease.check`.

        Args:
            patience: seconds to wait for who holds it.

        Raises:
            LeaseHeld: somebody else holds it, on entering.
        """
        return hold_lease(self._blobs, self._names.lease(name), name, patience=patience)

    # --- what is signed in with

    async def credential(self) -> CredentialFacts | None:
        """What the connector last signed in with, or None before it has said so.

        Raises:
            BlobCorrupt: it was written by another version.
        """
        held = await self._documents.read(self._names.credential, CredentialFacts)
        return held.record if held else None

    async def write_credential(self, facts: CredentialFacts) -> None:
        """Tell what the connector signs in with, whatever was said before."""
        await self._blobs.write(self._names.credential, encode(facts))

    # --- subscriptions

    async def subscriptions(self) -> Held[Subscriptions] | None:
        """What is known of the subscriptions to change notifications, or None before the first."""
        return await self._documents.read(self._names.subscriptions, Subscriptions)

    async def replace_subscriptions(
        self, subscriptions: Subscriptions, held: Held[Subscriptions] | None
    ) -> Held[Subscriptions]:
        """Write what is known of them, if ``held`` still is what is there. Raises Conflict otherwise."""
        return await self._documents.replace(self._names.subscriptions, subscriptions, held)

    # --- operations

    @property
    def operations(self) -> Operations:
        """Everything about operations: grants and revokes that were asked for."""
        return Operations(self._blobs, self._queues, self._names)

    @property
    def consents(self) -> Consents:
        """Everything about giving consent."""
        return Consents(self._documents, self._names)

    @property
    def audit(self) -> AuditFiles:
        """The audit files of operations."""
        return AuditFiles(self._blobs, self._names)

    # --- syncs

    async def running(self) -> Held[Running] | None:
        """The marker that names the sync that may run."""
        return await self._documents.read(self._names.running, Running)

    async def replace_running(self, running: Running, held: Held[Running] | None) -> Held[Running]:
        """Let another sync run, if ``held`` still is what is there. Raises Conflict otherwise."""
        return await self._documents.replace(self._names.running, running, held)

    async def sync(self, sync_id: str) -> Held[Sync] | None:
        """The plan of a sync, or None before its first step."""
        return await self._documents.read(self._names.sync(sync_id), Sync)

    async def replace_sync(self, sync: Sync, held: Held[Sync] | None) -> Held[Sync]:
        """Write the plan of a sync, if ``held`` still is what is there. Raises Conflict otherwise."""
        return await self._documents.replace(self._names.sync(sync.sync_id), sync, held)

    async def progress(self, sync_id: str) -> Progress | None:
        """How far a sync is, or None where there is no such sync."""
        held = await self._documents.read(self._names.progress(sync_id), Progress)
        return held.record if held else None

    async def write_progress(self, progress: Progress) -> None:
        """Tell how far a sync is."""
        await self._blobs.write(self._names.progress(progress.sync_id), encode(progress))

    async def sync_ids(self) -> list[str]:
        """The ids of all syncs that storage knows, oldest first."""
        return [name async for name in self._blobs.folders(self._names.syncs)]

    async def remove_sync(self, sync_id: str) -> None:
        """Delete everything of a sync: the plan first, so that no late message goes on with it; the progress last."""
        await self._blobs.delete(self._names.sync(sync_id))
        await self._blobs.delete_all(self._names.sync_folder(sync_id), last=self._names.progress(sync_id))

    # --- checkpoints and staged parts

    async def checkpoint(self, sync_id: str, unit: str) -> Held[Checkpoint] | None:
        """Where a unit stands, or None before it is planned."""
        return await self._documents.read(self._names.unit(sync_id, unit), Checkpoint)

    async def replace_checkpoint(
        self, sync_id: str, checkpoint: Checkpoint, held: Held[Checkpoint] | None
    ) -> Held[Checkpoint]:
        """Save where a unit stands, if ``held`` still is what is there. Raises Conflict otherwise."""
        return await self._documents.replace(self._names.unit(sync_id, checkpoint.unit), checkpoint, held)

    async def checkpoints(
        self, sync_id: str, known: Mapping[str, Held[Checkpoint]] | None = None
    ) -> dict[str, Held[Checkpoint]]:
        """The checkpoints of every unit of a sync, by unit; those that are as ``known`` are not read again."""
        prefix, known = self._names.units(sync_id), known or {}
        limit = asyncio.Semaphore(_READS_AT_ONCE)

        async def read(name: str, etag: str) -> Held[Checkpoint] | None:
            held = known.get(name.removeprefix(prefix).removesuffix(".json"))
            if held is not None and same_etag(held.etag, etag):
                return held
            async with limit:
                return await self._documents.read(name, Checkpoint)

        etags = await self._blobs.etags(prefix)
        found = await asyncio.gather(*(read(name, etag) for name, etag in etags.items()))
        return {held.record.unit: held for held in found if held}

    async def stage(self, sync_id: str, unit: str, part: str, lines: bytes) -> None:
        """Write a staged part, which must not exist yet. It counts once a checkpoint names it."""
        await self._blobs.create(self._names.staged(sync_id, unit, part), lines)

    async def staged_rows(self, sync_id: str, unit: str, part: str) -> bytes:
        """The lines of a staged part.

        Raises:
            BlobMissing: a checkpoint names it and it is not there.
        """
        name = self._names.staged(sync_id, unit, part)
        blob = await self._blobs.read(name)
        if blob is None:
            raise BlobMissing(name)
        return blob.data

    async def download_staged(self, sync_id: str, unit: str, part: str, path: Path) -> None:
        """Download a staged part into the file ``path``."""
        await self._blobs.download_file(self._names.staged(sync_id, unit, part), path)

    # --- messages

    async def send_step(self, message: StepMessage, *, delay: float = 0) -> None:
        """Ask for a step, to be taken after ``delay`` seconds at the earliest."""
        await self._queues.send(SYNC_QUEUE, msgspec.json.encode(message).decode(), delay=delay)

    async def send_wake(self, message: WakeMessage, *, delay: float = 0) -> None:
        """Ask for a round, to be begun after ``delay`` seconds at the earliest."""
        await self._queues.send(CHANGES_QUEUE, msgspec.json.encode(message).decode(), delay=delay)

    async def take_wakes(self, *, hidden: int) -> list[Taken]:
        """Messages of the changes queue that are visible now, and not again for ``hidden`` seconds."""
        return await self._queues.take(CHANGES_QUEUE, hidden=hidden)

    async def delete_wake(self, taken: Taken) -> None:
        """Delete a message of the changes queue."""
        await self._queues.delete(CHANGES_QUEUE, taken)

    async def put_wake_aside(self, text: str) -> None:
        """Keep what nobody understands where the Functions host keeps it, too, for people to look at."""
        await self._queues.send(CHANGES_QUEUE + POISON_SUFFIX, text)

    async def send_changes(self, queue: str, message: ChangesMessage) -> None:
        """Tell the ``queue`` of other systems that the journal has grown."""
        await self._queues.send(queue, msgspec.json.encode(message).decode())

    async def send_lifecycle(self, message: LifecycleMessage, *, delay: float = 0) -> None:
        """Ask for something to be done about subscriptions, after ``delay`` seconds at the earliest."""
        await self._queues.send(LIFECYCLE_QUEUE, msgspec.json.encode(message).decode(), delay=delay)


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Store]:
    """The store that ``settings`` name, for as long as the context lasts. Nothing is asked of storage yet.

    Raises:
        StorageMisconfigured: the connection string is malformed.
    """
    clients = make_clients(settings)
    try:
        yield Store(Blobs(clients.blobs, settings.container), Queues(clients.queues), settings.tenant_id)
    finally:
        await clients.close()
