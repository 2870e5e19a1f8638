"""Provisioning, as triggers and the command line call it: accept operations, read them, work on them.

Light to import: what works on operations is loaded when it is first needed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

from connector.provisioning import provisioner
from connector.provisioning.asking import accepting, reading, reviving
from connector.provisioning.asking.accepting import Accepted, Asked
from connector.provisioning.asking.reading import Page
from connector.provisioning.errors import (
    EndIsKept,
    KeyReused,
    NoSuchOperation,
    NotAskedBefore,
    NotRevivable,
    ProvisioningDisabled,
    ProvisioningError,
    TooLate,
    TooManyOperations,
)
from connector.provisioning.provisioner import Provisioner
from connector.settings import Settings
from connector.storage import StorageError, open_store
from connector.storage.records import DeadLetter, Operation, Requester, Status

__all__ = [
    "Accepted",
    "Asked",
    "EndIsKept",
    "KeyReused",
    "NoSuchOperation",
    "NotAskedBefore",
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
        NotAskedBefore: it is good only as a repetition, and is none.
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
        EndIsKept: it carries out an end that was asked for.
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
        TooManyOperations: the hour's operations are used up, to which what is tried again counts.
        StorageError: storage refuses.
    """
    if not settings.provisioning_enabled:
        raise ProvisioningDisabled
    async with open_store(settings) as store:
        letter = await reviving.revive_letter(store.operations, operation_id)
        if letter is not None:
            return letter
        await reviving.revivable(store.operations, operation_id)  # or nothing is taken from the hour's
        await accepting.count(store.operations, settings, 1, _now())
        return await reviving.revive(store.operations, operation_id, requester, _now())


async def list_dead_letters(settings: Settings) -> list[DeadLetter]:
    """The messages of the operations queue that nobody understood, newest first. Raises StorageError."""
    async with open_store(settings) as store:
        return list(await store.operations.dead_letters())


async def look_after_lines(settings: Settings) -> int:
    """Send a message for each line that is due, in case the one that should have come was lost; how many: none where this deployment
    only reads. Raises StorageError."""
    if not settings.provisioning_enabled:
        return 0
    async with open_store(settings) as store:
        return await provisioner.look_after_lines(store, _now())


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
        ProvisioningDisabled: this deployment only reads.
        StorageError: as met.
    """
    from connector.provisioning.working.beside import work_beside

    own = Provisioner()
    try:
        async with open_store(settings) as store:
            return await work_beside(own, store, settings, ids, progress)
    finally:
        await own.close()


def _now() -> datetime:
    return datetime.now(UTC)
