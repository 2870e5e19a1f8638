"""The JSON documents in storage, as types. Times are UTC; unknown fields are refused, so that nothing is half understood."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

SCHEMA_VERSION = 2
"""Version of the tables of a snapshot and of the documents here. A reader refuses what is newer than itself."""


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every document and part of one has in common."""


class Traffic(Record, frozen=True, kw_only=True):
    """What was asked of Graph: calls, resource units, calls answered 429, and bytes of response bodies."""

    requests: int = 0
    resource_units: int = 0
    throttled: int = 0
    bytes: int = 0

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(
            requests=self.requests + other.requests,
            resource_units=self.resource_units + other.resource_units,
            throttled=self.throttled + other.throttled,
            bytes=self.bytes + other.bytes,
        )


class SyncState(StrEnum):
    """``queued``, ``running``, ``published``, ``failed``, or ``superseded`` by a younger sync."""

    QUEUED = "queued"
    RUNNING = "running"
    PUBLISHED = "published"
    FAILED = "failed"
    SUPERSEDED = "superseded"

    @property
    def final(self) -> bool:
        """Whether nothing will follow."""
        return self in (SyncState.PUBLISHED, SyncState.FAILED, SyncState.SUPERSEDED)


class Failure(Record, frozen=True, kw_only=True):
    """Why a sync failed: what happened, what to do, and the unit in which it happened."""

    sentence: str
    advice: str
    unit: str


class Cursor(Record, frozen=True, kw_only=True):
    """From where the rounds of one kind go on. It is a fence as well: a round commits only where it still is in force.

    Attributes:
        link: Graph's delta link.
        taken_at: when Graph gave it. Graph forgets it seven days later.
        fingerprint: of what it tracks and the switches (:func:`connector.sync.switches.fingerprint`); with others it is useless.
        lost: why Graph does not go on from it, a sentence; rounds leave the kind alone until a full sync has been published.
        followed_since: by Graph's clock; this cursor and those before it have told of everything that changed later.
            None before a round has followed it.
    """

    link: str
    taken_at: datetime
    fingerprint: str
    lost: str | None = None
    followed_since: datetime | None = None


class Running(Record, frozen=True, kw_only=True):
    """``syncs/running.json``: the sync that may run. Replaced under ``If-Match`` only.

    Attributes:
        accept_shrinking: kinds that whoever asked for it expects to shrink.
    """

    sync_id: str
    requested_at: datetime
    accept_shrinking: tuple[str, ...] = ()


class Sync(Record, frozen=True, kw_only=True):
    """``syncs/{id}/sync.json``: the plan of a sync, and how it ended.

    Attributes:
        settings: the switches that decide what is read and derived, as text, by name of the setting.
        cursors: where incremental rounds start, taken before anything was listed.
        journal_head: sequence of the last change that was in the journal then: whatever follows is younger than the cursors.
        last_segment: SHA-256 of the last segment that had been committed then, in hex; empty before the first.
        traffic: what taking the cursors cost.
        accept_shrinking: kinds that are not held back however much they shrink.
    """

    sync_id: str
    started_at: datetime
    settings: dict[str, str]
    cursors: dict[str, Cursor]
    traffic: Traffic
    state: SyncState
    journal_head: int = 0
    last_segment: str = ""
    failure: Failure | None = None
    accept_shrinking: tuple[str, ...] = ()


UNREAD = "unread"
"""The staged table in which a unit lists what it could not read while it read the rest."""


class Part(Record, frozen=True, kw_only=True):
    """One staged blob that counts: lines of ``table``, under ``name`` in the folder of its unit.

    ``number`` grows with every save of the unit and is never used twice for one table, so that units made from parts
    can be named after it.
    """

    table: str
    number: int
    name: str
    rows: int
    bytes: int


class UnitState(StrEnum):
    """``planned``: announced, nobody has begun. ``incomplete``: ended, refused; ``reason`` says why."""

    PLANNED = "planned"
    READING = "reading"
    WAITING = "waiting"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"

    @property
    def ended(self) -> bool:
        """Whether this unit needs no more steps."""
        return self in (UnitState.COMPLETE, UnitState.INCOMPLETE)


class Checkpoint(Record, frozen=True, kw_only=True):
    """``syncs/{id}/units/{unit}.json``: where one unit stands.

    Attributes:
        planned_by: the unit (or ``start``) whose step announced this one; it repeats the message if it has to.
        step: number of the message that may work on it; the next number once the unit waits to be continued.
        attempt: how often somebody has begun to work on it. Staged names carry it.
        saved: how often a place has been saved. Staged names carry it; it is never set back.
        restarts: how often Graph forgot the place, so that reading began anew.
        position: where the reader goes on; meaningless before the first save.
        inputs: the parent's staged part that this unit belongs to, as ``unit/part name``.
        notes: the reader's counters.
        reason: why it is incomplete; in a complete unit, why some of what it was to read (its parts of table ``unread``)
            could not be read.
    """

    unit: str
    reader: str
    state: UnitState
    planned_by: str
    updated_at: datetime
    step: int = 0
    attempt: int = 0
    saved: int = 0
    restarts: int = 0
    position: Any = None
    inputs: str | None = None
    parts: tuple[Part, ...] = ()
    notes: dict[str, int] = {}
    traffic: Traffic = Traffic()
    reason: str | None = None

    @property
    def rows(self) -> int:
        """Rows staged so far, over all tables."""
        return sum(part.rows for part in self.parts if part.table != UNREAD)

    @property
    def unread(self) -> int:
        """How many things could not be read while the rest could."""
        return sum(part.rows for part in self.parts if part.table == UNREAD)


class Cause(StrEnum):
    """Why a change was seen: a notification asked for the round; a timer did (``delta``); a kind without delta was compared
    (``poll``); a full sync found what all of them had missed (``full_sync``); we did it ourselves (``operation``)."""

    NOTIFICATION = "notification"
    DELTA = "delta"
    POLL = "poll"
    FULL_SYNC = "full_sync"
    OPERATION = "operation"


class Change(Record, frozen=True, kw_only=True):
    """One row of a table, upserted or deleted: a line of a journal segment.

    Attributes:
        sequence: position in the journal; consecutive, never used twice.
        table: a table of ``connector.access.tables``.
        key: the values of the table's key, in its order.
        before: the row until then, by column, as JSON; None where there was none.
        after: the row from then on; None where it is gone.
    """

    sequence: int
    table: str
    key: tuple[str, ...]
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class FactChange(Record, frozen=True, kw_only=True):
    """One row of a fact table (``connector.access.staged.FACTS``), upserted or, with no ``after``, deleted.

    ``key`` holds the values of the table's key, None where a part of it is null.
    """

    table: str
    key: tuple[str | None, ...]
    after: dict[str, Any] | None


class SegmentHead(Record, frozen=True, kw_only=True):
    """The first line of a journal segment: what it holds, and what it follows.

    Attributes:
        first: sequence of its first change; where it has none, what the next change will have.
        changes: lines of changes that follow.
        facts: lines of fact changes that follow those.
        previous: SHA-256 of the segment before it, in hex; empty for the first of all.
    """

    schema_version: int
    first: int
    changes: int
    facts: int
    previous: str
    committed_at: datetime
    cause: Cause


class SegmentRef(Record, frozen=True, kw_only=True):
    """A journal segment that was committed: ``journal/{first}-{sha256, 12 digits}.jsonl``. ``last``: ``first - 1`` without changes."""

    first: int
    last: int
    facts: int
    sha256: str
    bytes: int
    committed_at: datetime
    cause: Cause


class Current(Record, frozen=True, kw_only=True):
    """``current.json``: the state in force. Moved atomically.

    Attributes:
        snapshot_id: the snapshot to read. Ids sort by the time at which their sync was asked for; what compaction makes of
            the snapshot of a sync is called ``{sync id}-{sequence}…`` and so sorts behind it and before the next one.
        journal_base: sequence of the last change that the snapshot includes.
        journal_head: sequence of the last change of all.
        segments: the journal after the snapshot, in order: together they lead from ``journal_base`` to ``journal_head``.
        last_segment: SHA-256 of the last segment that was ever committed, the snapshot's included; empty before the first.
        cursors: from where incremental rounds go on, by kind.
        polled: when each kind without delta was last committed; the fence of such kinds.
        settings: the switches with which the snapshot and the cursors were made.
        committed_at: when this was written.
    """

    schema_version: int
    snapshot_id: str
    published_at: datetime
    journal_head: int
    cursors: dict[str, Cursor]
    settings: dict[str, str]
    journal_base: int = 0
    segments: tuple[SegmentRef, ...] = ()
    last_segment: str = ""
    polled: dict[str, datetime] = {}
    committed_at: datetime | None = None


class SnapshotPart(Record, frozen=True, kw_only=True):
    """One Parquet file of a snapshot: its name below the snapshot, rows, size in bytes and SHA-256 in hex."""

    name: str
    rows: int
    bytes: int
    sha256: str


class TableFacts(Record, frozen=True, kw_only=True):
    """What a snapshot holds of one table."""

    rows: int
    parts: tuple[SnapshotPart, ...]


class Shrinking(Record, frozen=True, kw_only=True):
    """A staged table that shrank more than the settings allow: rows then and now, of what could still be there."""

    table: str
    was: int
    now: int


class KindFacts(Record, frozen=True, kw_only=True):
    """How one kind was read.

    Attributes:
        state: ``complete``; ``incomplete``: not all of it could be read; ``held_back``: it shrank more than the settings
            allow, so that the rows that are gone stay until a sync accepts it; ``skipped``: settings or the tenant did
            not ask for it.
        reason: why it is incomplete or held back, and what to do.
        unread: how many things could not be read while the rest could.
        held_back: the numbers, where it is held back.
        last_good: the snapshot in which this kind was complete for the last time. Rows that could not be read, or are
            held back, are those of then. None where there is none.
    """

    state: str
    reason: str | None = None
    unread: int = 0
    held_back: tuple[Shrinking, ...] = ()
    last_good: str | None = None


class Unread(Record, frozen=True, kw_only=True):
    """One thing that could not be read: rows of a staged table whose ``column`` is ``id``, or any, where both are empty."""

    table: str
    column: str
    id: str
    reason: str


class TableChanges(Record, frozen=True, kw_only=True):
    """How many rows differ from the snapshot that was in force before, by the key of the table."""

    added: int = 0
    removed: int = 0
    changed: int = 0


class Manifest(Record, frozen=True, kw_only=True):
    """``snapshots/{id}/manifest.json``: what is in a snapshot, where it comes from, and what is missing.

    Attributes:
        kinds: how each kind was read, by reader.
        notes: the counters of each reader.
        left_out: counts of what is not in the tables, by reason.
        warnings: sentences for people.
        previous: the snapshot that was in force before; None for the first one, or where it could not be read.
        carried: how many staged rows are those of the previous snapshot, by staged table.
        changes: differences from the previous snapshot by table, ``inherited_grants`` (derived) apart.
        unread: the first things that could not be read; ``kinds`` has the exact numbers.
        facts: the fact tables from which the tables were made, as parts below the snapshot.
        journal_base: sequence of the last change that it includes.
        journal: the segments between the snapshot of the full sync before (``previous``) and this one, in order; what this
            sync found that they had missed is the last of them. For a compacted snapshot: those since its sync's snapshot.
        continuous: whether ``journal`` leads from ``previous`` to this one. Not so for the first snapshot, where the switches
            differ, or where too much does. Then ``journal_base`` is one more than the last sequence before (a number that no
            change has), so that nobody who has followed the journal until then takes that for this state.
        compacted_from: the sync whose snapshot was compacted; None where this is the snapshot of a sync itself.
    """

    schema_version: int
    snapshot_id: str
    tenant_id: str
    started_at: datetime
    published_at: datetime
    settings: dict[str, str]
    tables: dict[str, TableFacts]
    kinds: dict[str, KindFacts]
    notes: dict[str, dict[str, int]]
    left_out: dict[str, int]
    warnings: tuple[str, ...]
    traffic: Traffic
    previous: str | None = None
    carried: dict[str, int] = {}
    changes: dict[str, TableChanges] = {}
    unread: tuple[Unread, ...] = ()
    facts: dict[str, TableFacts] = {}
    journal_base: int = 0
    journal: tuple[SegmentRef, ...] = ()
    continuous: bool = False
    compacted_from: str | None = None

    @property
    def incomplete(self) -> dict[str, str]:
        """Reasons by kind, for the kinds that are incomplete or held back."""
        wanting = ("incomplete", "held_back")
        return {name: kind.reason or "" for name, kind in self.kinds.items() if kind.state in wanting}


class KindProgress(Record, frozen=True, kw_only=True):
    """How far one kind is: ``planned``, ``reading``, ``complete``, ``incomplete`` or ``skipped``."""

    kind: str
    state: str
    units: int
    units_ended: int
    rows: int


class Progress(Record, frozen=True, kw_only=True):
    """``syncs/{id}/progress.json``: how far a sync is, for people and dashboards. Never decides anything but who is alive.

    Attributes:
        stage: ``queued``, ``reading``, ``publishing`` or ``done``.
        alive_until: when it says nothing until then, it is dead and another sync may start.
        snapshot_id: set once it is published.
    """

    sync_id: str
    state: SyncState
    stage: str
    requested_at: datetime
    updated_at: datetime
    alive_until: datetime
    kinds: tuple[KindProgress, ...] = ()
    traffic: Traffic = Traffic()
    snapshot_id: str | None = None
    failure: Failure | None = None


class SyncResult(Record, frozen=True, kw_only=True):
    """How a full sync ended that has been waited for."""

    sync_id: str
    snapshot_id: str
    seconds: float
    manifest: Manifest


class StepMessage(Record, frozen=True, kw_only=True):
    """One message of the sync queue: do step ``step`` of ``unit`` (``start`` and ``publish`` are units, too)."""

    sync_id: str
    unit: str
    step: int = 0


class Lane(StrEnum):
    """What is read together, one round at a time: everything that has delta or is polled cheaply, and what takes long."""

    DIRECTORY = "directory"
    APPLICATIONS = "applications"


class WakeMessage(Record, frozen=True, kw_only=True):
    """One message of the changes queue: look what has changed.

    Attributes:
        kinds: cursors to follow and kinds to compare; empty: whatever is due.
        cause: what asked for it: a notification, or a timer (``delta``).
        seen_at: when that was.
    """

    lane: Lane
    cause: Cause
    seen_at: datetime
    kinds: tuple[str, ...] = ()


class KindRound(Record, frozen=True, kw_only=True):
    """When a kind was read last, whether that changed anything or not, and what went wrong if it could not be.

    Attributes:
        tried_at: when Graph last gave a definite answer, be it a refusal; what is read seldom is not asked for again before its time.
        signalled_at: when something else that was read gave a sign that this kind has changed.
    """

    read_at: datetime | None = None
    changed_at: datetime | None = None
    problem: str | None = None
    tried_at: datetime | None = None
    signalled_at: datetime | None = None


class AskedFor(Record, frozen=True, kw_only=True):
    """A full sync that a round has asked for.

    Attributes:
        sync_id: the one that was begun, or that was running already.
        snapshot_id: what was in force then.
        reason: why rounds cannot go on alone, a sentence.
        times: how often one was asked for within an hour of the one before.
    """

    sync_id: str
    snapshot_id: str
    reason: str
    asked_at: datetime
    times: int = 1


class Rounds(Record, frozen=True, kw_only=True):
    """``rounds.json``: what rounds have been doing, for people, dashboards and the timer. Decides nothing but what is due.

    Attributes:
        kinds: by cursor or polled kind.
        notified_at: when a notification last asked for a round.
        traffic: spent by rounds since ``since``.
        problem: why rounds cannot go on at all, a sentence; None while they can.
        full_sync: the full sync that was last asked for.
        told: sequence of the last change of which the queue of CHANGES_OUTPUT_QUEUE was told; None before the first.
    """

    updated_at: datetime
    since: datetime
    kinds: dict[str, KindRound] = {}
    notified_at: datetime | None = None
    rounds: int = 0
    traffic: Traffic = Traffic()
    problem: str | None = None
    full_sync: AskedFor | None = None
    told: int | None = None


class ChangesMessage(Record, frozen=True, kw_only=True):
    """One message of the queue that CHANGES_OUTPUT_QUEUE names: the journal has grown.

    Attributes:
        first: sequence of the first change that is told of, and ``last`` of the last one. Of what was told already, nothing needs
            to be done again.
        cause: of the segment; None where a snapshot has replaced the segments meanwhile, so that the counts are not known.
        tables: counts by table; None likewise.
    """

    tenant_id: str
    first: int
    last: int
    cause: Cause | None
    committed_at: datetime | None
    tables: dict[str, TableChanges] | None
