"""Why the journal cannot answer: one class per situation, each with a plain sentence and what to do about it."""

from __future__ import annotations

from datetime import datetime

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


class BeforeHistory(StorageError):
    """Nothing is known of the moment ``at``: the oldest state that storage still has is that of ``begins``."""

    def __init__(self, at: datetime, begins: datetime) -> None:
        self.at = at
        self.begins = begins
        super().__init__(
            f"Nothing is known of {at:%Y-%m-%d %H:%M:%S} UTC: history begins at {begins:%Y-%m-%d %H:%M:%S} UTC.",
            "Ask for a later moment; SNAPSHOTS_KEPT decides how far back history goes.",
        )
