"""A full sync: its plan, where its units stand, how far it is, and how it ended."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from connector.storage.records.base import Record, Traffic
from connector.storage.records.snapshots import Manifest
from connector.storage.records.state import Cursor


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
