"""How fresh the picture is, how much it holds, what is missing in it, and what rounds and the newest sync are doing."""

from __future__ import annotations

from datetime import datetime

import msgspec

from connector.access.tables import TABLES
from connector.credentials.expiring import expiry_warning
from connector.journal.errors import JournalDamaged
from connector.journal.states import read_segments, state_in_force
from connector.settings import Settings
from connector.storage import Current, Manifest, Progress, Store, open_store
from connector.storage.errors import BlobCorrupt
from connector.storage.records import Rounds
from connector.storage.records.consents import Connection
from connector.storage.subscriptions import Subscriptions


class SnapshotStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The snapshot in force. ``age_seconds``: since its sync began, which is the moment that it is a picture of."""

    snapshot_id: str
    started_at: datetime
    published_at: datetime
    age_seconds: float
    location: str
    tables: dict[str, int]
    incomplete: dict[str, str]
    left_out: dict[str, int]
    warnings: tuple[str, ...]
    settings: dict[str, str]


class JournalStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The journal after the snapshot in force.

    Attributes:
        head: sequence of the last change of all.
        changes: how many there are since the snapshot, and ``segments`` in how many commits.
        committed_at: when the last of them was committed, or the snapshot published where there is none.
        age_seconds: since then.
        damage: what is missing or corrupt and what to do; None where everything is what was committed.
        lost: why rounds leave a kind alone until the next full sync, by kind.
    """

    head: int
    changes: int
    segments: int
    committed_at: datetime
    age_seconds: float
    damage: str | None
    lost: dict[str, str]


class NotificationStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Change notifications: which resources tell of their changes, until when, and what is amiss, in sentences.

    Attributes:
        address: where Graph sends them; empty: this deployment has none, and finds changes by asking.
        expires_at: when each ends that is not renewed, by resource.
    """

    address: str
    expires_at: dict[str, datetime]
    checked_at: datetime | None
    problems: tuple[str, ...]


class CredentialStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What the connector last signed in to Graph with.

    Attributes:
        auth: ``client_secret``, ``certificate``, ``workload_identity`` or ``managed_identity``.
        described: the same for people, with where it came from.
        expires_at: when the secret or certificate ends; None where it does not end or nobody knows.
        noted_at: when it was first signed in with.
        warning: a sentence where it ends soon or has ended.
    """

    auth: str
    described: str
    expires_at: datetime | None
    noted_at: datetime
    warning: str | None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """``snapshot`` and ``journal`` are None before the first sync is published, ``rounds`` before the first round.

    ``last_sync`` is the running or else the last sync, ``notifications`` None where they were never asked for, ``credential`` None before
    anybody signed in, ``connection`` None where nobody has come back from giving consent.
    """

    tenant_id: str
    snapshot: SnapshotStatus | None
    journal: JournalStatus | None
    rounds: Rounds | None
    last_sync: Progress | None
    notifications: NotificationStatus | None
    credential: CredentialStatus | None
    connection: Connection | None


async def read_status(settings: Settings, now: datetime) -> Status:
    """The status as of ``now``, which must know its time zone.

    Raises:
        StorageError: storage cannot be read.
    """
    async with open_store(settings) as store:
        current = await store.current()
        snapshot, journal = None, None
        if current is not None:
            snapshot = _snapshot_status(await store.manifest(current.record.snapshot_id), store, now)
            journal = await _journal_status(current.record, store, now)
        rounds = await store.rounds()
        subscriptions = await store.subscriptions()
        return Status(
            tenant_id=settings.tenant_id,
            snapshot=snapshot,
            journal=journal,
            rounds=rounds.record if rounds else None,
            last_sync=await _last_sync(store),
            notifications=_notification_status(subscriptions.record) if subscriptions else None,
            credential=await _credential_status(store, now),
            connection=await _connection(store),
        )


async def _connection(store: Store) -> Connection | None:
    try:
        held = await store.consents.connection()
    except BlobCorrupt:  # of another version; everything else is worth telling all the same
        return None
    return held.record if held else None


async def _credential_status(store: Store, now: datetime) -> CredentialStatus | None:
    try:
        facts = await store.credential()
    except BlobCorrupt:  # of another version; everything else is worth telling all the same
        return None
    if facts is None:
        return None
    return CredentialStatus(
        auth=facts.auth,
        described=facts.described,
        expires_at=facts.expires_at,
        noted_at=facts.noted_at,
        warning=expiry_warning(facts.expires_at, now),
    )


def _notification_status(known: Subscriptions) -> NotificationStatus:
    return NotificationStatus(
        address=known.address,
        expires_at={one.resource: one.expires_at for one in known.subscriptions},
        checked_at=known.checked_at,
        problems=known.problems,
    )


async def _journal_status(current: Current, store: Store, now: datetime) -> JournalStatus:
    """What ``current`` says of the journal, and whether storage bears it out: every segment is read."""
    committed_at = max([current.published_at, *(ref.committed_at for ref in current.segments[-1:])])
    return JournalStatus(
        head=current.journal_head,
        changes=current.journal_head - current.journal_base,
        segments=len(current.segments),
        committed_at=committed_at,
        age_seconds=(now - committed_at).total_seconds(),
        damage=await _damage(current, store),
        lost={kind: cursor.lost for kind, cursor in current.cursors.items() if cursor.lost},
    )


async def _damage(current: Current, store: Store) -> str | None:
    try:
        await read_segments(store, (await state_in_force(store, current)).segments)
    except JournalDamaged as damage:
        return str(damage)
    return None


async def _last_sync(store: Store) -> Progress | None:
    running = await store.running()
    return await store.progress(running.record.sync_id) if running else None


def _snapshot_status(manifest: Manifest, store: Store, now: datetime) -> SnapshotStatus:
    return SnapshotStatus(
        snapshot_id=manifest.snapshot_id,
        started_at=manifest.started_at,
        published_at=manifest.published_at,
        age_seconds=(now - manifest.started_at).total_seconds(),
        location=store.snapshot_location(manifest.snapshot_id),
        tables={table.name: manifest.tables[table.name].rows for table in TABLES if table.name in manifest.tables},
        incomplete=manifest.incomplete,
        left_out=manifest.left_out,
        warnings=manifest.warnings,
        settings=manifest.settings,
    )
