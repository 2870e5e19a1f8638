"""What is in a snapshot, where it comes from, and what is missing in it."""

from __future__ import annotations

from datetime import datetime

from connector.storage.records.base import Record, Traffic
from connector.storage.records.state import SegmentRef


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
