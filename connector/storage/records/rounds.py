"""Rounds: what asks for them, what they have been doing, and what they tell others."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from connector.storage.records.base import Record, Traffic
from connector.storage.records.snapshots import TableChanges
from connector.storage.records.state import Cause


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
