"""Why the journal cannot answer: one class per situation, each with a plain sentence and what to do about it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from connector.storage.errors import StorageError


class JournalDamaged(StorageError):
    """A segment that was committed is missing, or is not what was committed.

    Attributes:
        sequence: of the first change that cannot be had.
        problem: what is wrong, as the part of a sentence that follows a colon.
    """

    def __init__(self, sequence: int, problem: str) -> None:
        self.sequence = sequence
        self.problem = problem
        super().__init__(
            f"The journal is damaged at sequence {sequence:,}: {problem}.",
            "Run a full sync (`python -m connector sync`): it repairs this.",
        )


class SnapshotUnusable(StorageError):
    """Nothing can go on from the snapshot in force: it is not what its manifest says, keeps no facts, or is of a newer version.

    Args:
        problem: what is wrong, as the part of a sentence that follows a colon.
    """

    def __init__(self, snapshot_id: str, problem: str) -> None:
        self.snapshot_id = snapshot_id
        super().__init__(
            f"Snapshot {snapshot_id} cannot be used: {problem}.",
            "Run a full sync (`python -m connector sync`): it makes a new one.",
        )


class BeforeHistory(StorageError):
    """Nothing is known of the moment ``at``: the oldest state that storage still has is that of ``begins``."""

    def __init__(self, at: datetime, begins: datetime) -> None:
        self.at = at
        self.begins = begins
        super().__init__(
            f"Nothing is known of {at:%Y-%m-%d %H:%M:%S} UTC: history begins at {begins:%Y-%m-%d %H:%M:%S} UTC.",
            "Ask for a later moment; SNAPSHOTS_KEPT decides how far back history goes.",
        )


class NewestSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The snapshot to begin with anew.

    Attributes:
        snapshot_id: its id.
        location: its folder in the container; ``manifest.json`` there names its files.
        sequence: of the last change that it includes: from where to follow the journal.
    """

    snapshot_id: str
    location: str
    sequence: int
    published_at: datetime


class CannotFollow(StorageError):
    """The journal cannot be followed from where somebody is.

    Attributes:
        snapshot: the newest one, to begin with anew.
    """

    def __init__(self, sentence: str, snapshot: NewestSnapshot) -> None:
        self.snapshot = snapshot
        super().__init__(
            sentence,
            f"Begin anew with the snapshot {snapshot.snapshot_id} in {snapshot.location} "
            f"and go on from its sequence, {snapshot.sequence}.",
        )


class TooFarBehind(CannotFollow):
    """What followed ``sequence`` is no longer all there, or a snapshot has begun anew since."""

    def __init__(self, sequence: int, snapshot: NewestSnapshot) -> None:
        self.sequence = sequence
        super().__init__(f"The journal can no longer be followed from sequence {sequence}.", snapshot)


class AheadOfJournal(CannotFollow):
    """``sequence`` lies after the last change of all, ``head``: it belongs to another journal, or is a mistake."""

    def __init__(self, sequence: int, head: int, snapshot: NewestSnapshot) -> None:
        self.sequence = sequence
        self.head = head
        super().__init__(f"There is no sequence {sequence} yet: the journal ends with {head}.", snapshot)


class NotBegun(CannotFollow):
    """Somebody asks for changes without saying after which: there is nothing yet that they could be applied to."""

    def __init__(self, snapshot: NewestSnapshot) -> None:
        super().__init__("Changes follow a state, and none was named.", snapshot)
