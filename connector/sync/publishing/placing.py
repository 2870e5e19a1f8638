"""Where a new snapshot stands in the journal: after everything that was journalled, and after what all of that had missed."""

from __future__ import annotations

from dataclasses import dataclass

from connector.storage.records import Current, Manifest, SegmentRef
from connector.sync.publishing.comparing import Drift


@dataclass(frozen=True, slots=True)
class Place:
    """Where a snapshot stands.

    Attributes:
        base: sequence of the last change that it includes.
        journal: the segments since the snapshot of the full sync before.
        continuous: whether these lead from there to here.
        last_segment: SHA-256 of the last segment that was committed, its own included.
    """

    base: int
    journal: tuple[SegmentRef, ...]
    continuous: bool
    last_segment: str


def place_of(current: Current | None, before: Manifest | None, drift: Drift | None, ref: SegmentRef | None) -> Place:
    """The place of a snapshot that follows ``current``.

    Where the journal does not lead there, its sequence is one more, so that nobody who follows the journal goes on from
    the end of the old one as if nothing had happened.

    Args:
        before: the manifest of the snapshot in force; None where there is none that can be read.
        drift: what was missed; None where it is not told.
        ref: the segment that tells it, if anything was missed.
    """
    head, last_segment = (current.journal_head, current.last_segment) if current else (0, "")
    led = journal_until(current, before) if current and before else ()
    if drift is None:
        return Place(head + 1, led, False, last_segment)
    if ref is None:
        return Place(head, led, True, last_segment)
    return Place(ref.last, (*led, ref), True, ref.sha256)


def journal_until(current: Current, manifest: Manifest) -> tuple[SegmentRef, ...]:
    """The segments from the snapshot of the last full sync to the head; ``manifest``: of the snapshot in force."""
    folded = manifest.journal if manifest.compacted_from else ()
    return (*folded, *current.segments)
