"""What can go wrong with a sync as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connector.storage.records import Failure


class SyncFailed(Exception):
    """The sync ``sync_id`` ended without a snapshot; the previous one stays in force. ``failure`` says why."""

    def __init__(self, sync_id: str, failure: Failure) -> None:
        self.sync_id = sync_id
        self.failure = failure
        super().__init__(f"{failure.sentence} {failure.advice}")


class SyncRunning(Exception):
    """Another sync of this tenant is running, and one at a time may.

    Attributes:
        sync_id: the one that runs.
        alive_until: it counts as dead when nothing has been heard of it by then.
    """

    def __init__(self, sync_id: str, alive_until: datetime) -> None:
        self.sync_id = sync_id
        self.alive_until = alive_until
        super().__init__(
            f"The sync {sync_id} is running. Wait for it; should it have died, another can start at "
            f"{alive_until:%Y-%m-%d %H:%M} UTC."
        )


class UnknownKinds(Exception):
    """Kinds were named that this version does not read."""

    def __init__(self, unknown: Sequence[str], known: Sequence[str]) -> None:
        self.unknown = unknown
        self.advice = f"Known are {', '.join(known)}."
        self.sentence = f"There is no kind {' or '.join(unknown)}."
        super().__init__(f"{self.sentence} {self.advice}")


class ReaderBroken(Exception):
    """A reader ended without saying that it was at the end, so that what it read may not be all."""

    def __init__(self, reader: str) -> None:
        super().__init__(f"The reader {reader} stopped before its last page.")


class NothingRead(Exception):
    """Everything that every sync reads was refused. ``reason``: why the first of it was."""

    advice = (
        "Give the app registration the permissions that the README lists, with admin consent, or see to what else the "
        "reason names; then run the sync again. The previous snapshot, if there is one, stays in force."
    )
    permanent = True

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"Nothing could be read. {reason}".strip())
