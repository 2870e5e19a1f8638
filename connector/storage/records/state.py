"""The state in force: a snapshot, the journal after it, and from where rounds go on."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from connector.storage.records.base import Record


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


class SegmentHead(Record, frozen=True, kw_only=True, omit_defaults=True):
    """The first line of a journal segment: what it holds, and what it follows.

    Attributes:
        first: sequence of its first change; where it has none, what the next change will have.
        changes: lines of changes that follow.
        facts: lines of fact changes that follow those.
        previous: SHA-256 of the segment before it, in hex; empty for the first of all.
        operations: ids of the operations of ours that the changes come from, where ``cause`` is ``operation``.
    """

    schema_version: int
    first: int
    changes: int
    facts: int
    previous: str
    committed_at: datetime
    cause: Cause
    operations: tuple[str, ...] = ()


class SegmentRef(Record, frozen=True, kw_only=True):
    """A journal segment that was committed: ``journal/{first}-{sha256, 12 digits}.jsonl``. ``last``: ``first - 1`` without changes."""

    first: int
    last: int
    facts: int
    sha256: str
    bytes: int
    committed_at: datetime
    cause: Cause


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

    def next_commit_at(self, now: datetime) -> datetime:
        """``now``, unless this machine's clock is behind that of whoever committed last: the journal is in order of time."""
        return max(now, self.committed_at or self.published_at)
