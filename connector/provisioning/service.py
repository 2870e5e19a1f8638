"""Provisioning, as triggers and the command line call it: accept operations, read them, work on them.

Light to import: what works on operations is loaded when it is first needed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connector.provisioning.asking import accepting, reading, reviving
from connector.provisioning.asking.accepting import Accepted, Asked
from connector.provisioning.asking.reading import Page
from connector.provisioning.errors import (
    KeyReused,
    NoSuchOperation,
    NotRevivable,
    ProvisioningDisabled,
    ProvisioningError,
    TooLate,
    TooManyOperations,
)
from connector.settings import Settings
from connector.storage import StorageError, open_store
from connector.storage.records import DeadLetter, Operation, Requester, Status

if TYPE_CHECKING:
    from connector.incremental.service import Follower

__all__ = [
    "Accepted",
    "Asked",
    "KeyReused",
    "NoSuchOperation",
    "NotRevivable",
    "Page",
    "Provisioner",
    "ProvisioningDisabled",
    "ProvisioningError",
    "StorageError",
    "TooLate",
    "TooManyOperations",
    "accept",
    "cancel",
    "list_dead_letters",
    "list_operations",
    "look_after_lines",
    "read_operation",
    "retry",
    "work_until_ended",
]


async def accept(settings: Settings, asked: Asked) -> Accepted:
    """Take a request on: its operations are recorded, and somebody is asked to work on them.

    Asked again with the same key by the same requester, it gives the same operations, and finishes what was interrupted.

    Raises:
        ProvisioningDisabled: this deployment only reads.
        KeyReused: the key was used for another request.
        TooManyOperations: the hour's operations are used up.
        StorageError: storage refuses; asked again with the same key, it is done once.
    """
    async with open_store(settings) as store:
        return await accepting.accept(store.operations, settings, asked, _now())


async def read_operation(settings: Settings, operation_id: str) -> Operation | None:
    """The operation ``operation_id``, or None where there is none. Raises StorageError."""
    async with open_store(settings) as store:
        return await reading.read_operation(store.operations, operation_id)


async def list_operations(
    settings: Settings, *, statuses: Collection[Status] = (), principal: str = "", after: str = "", limit: int = 100
) -> Page:
    """Operations, newest first.

    Args:
        statuses: only those; by default all.
        principal: only those of whom this is the object id, or as whom the principal was named; by default all.
        after: ``next`` of the page before, or the id of an operation.
        limit: most operations of the page.

    Raises:
        ValueError: ``after`` is no such id.
        StorageError: storage refuses.
    """
    async with open_store(settings) as store:
        return await reading.list_operations(
            store.operations, statuses=statuses, principal=principal, after=after, limit=limit
        )


async def cancel(settings: Settings, operation_id: str, requester: Requester) -> Operation:
    """Cancel an operation that nothing has been done about yet; ``requester``: who asks for that. Cancelled again, nothing changes.

    Raises:
        NoSuchOperation: there is none.
        TooLate: it has ended, or may have been written to Graph already.
        StorageError: storage refuses.
    """
    async with open_store(settings) as store:
        return await reviving.cancel(store.operations, operation_id, requester, _now())


async def retry(settings: Settings, operation_id: str, requester: Requester) -> Operation | DeadLetter:
    """Try an operation again that has failed, or was refused, cancelled or dead-lettered: at the end of its line.

    The id of a message that was put aside (:class:`DeadLetter`) sends that message again.

    Raises:
        NoSuchOperation: there is none.
        NotRevivable: it is open, or has succeeded.
        ProvisioningDisabled: this deployment only reads.
        StorageError: storage refuses.
    """
    if not settings.provisioning_enabled:
        raise ProvisioningDisabled
    async with open_store(settings) as store:
        letter = await reviving.revive_letter(store.operations, operation_id)
        return letter or await reviving.revive(store.operations, operation_id, requester, _now())


async def list_dead_letters(settings: Settings) -> list[DeadLetter]:
    """The messages of the operations queue that nobody understood, newest first. Raises StorageError."""
    async with open_store(settings) as store:
        return list(await store.operations.dead_letters())


async def look_after_lines(settings: Settings) -> int:
    """Send a message for each line that is due, in case the one that should have come was lost; how many. Raises StorageError."""
    raise NotImplementedError


async def work_until_ended(
    settings: Settings, ids: Sequence[str], progress: Callable[[Operation], None] = lambda _: None
) -> tuple[Operation, ...]:
    """Work on the lines of these operations in this process, beside the queue, until all of them have ended.

    Args:
        progress: told of each operation whenever its status has changed.

    Returns:
        The operations in the order of ``ids``. What is scheduled for later, or waits for longer than a few minutes, is returned as it
        stands.

    Raises:
        NoSuchOperation: one of them does not exist.
        StorageError, GraphError: as met.
    """
    raise NotImplementedError


class Provisioner:
    """Takes messages of the operations queue. One for a process.

    Args:
        follower: of the process, whose connection to Graph and replica are shared; by default one of its own.
    """

    def __init__(self, follower: Follower | None = None) -> None:
        self._follower = follower

    async def take_message(self, settings: Settings, text: str, *, delivery: int = 1, message_id: str = "") -> None:
        """Take one message: work on a line, or accept a request that another system has put there.

        Args:
            text: the message. One that nobody understands is kept as a :class:`DeadLetter`.
            delivery: how often it has been delivered, this time included.
            message_id: the queue's id of the message, which stays the same when it is delivered again.

        Raises:
            Exception: what may pass; the queue delivers the message again.
        """
        raise NotImplementedError

    async def bury(self, settings: Settings, text: str) -> None:
        """Take what the queue gave up: the operations that could not be worked on are dead-lettered, with an alertable log event."""
        raise NotImplementedError

    async def close(self) -> None:
        """Let go of what the process does not share."""
        raise NotImplementedError


def _now() -> datetime:
    return datetime.now(UTC)
