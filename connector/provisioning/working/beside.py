"""Working on operations in this process, beside the queue: for the command line, which waits for their ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connector.provisioning.errors import NoSuchOperation, ProvisioningDisabled
from connector.settings import Settings
from connector.storage import Store
from connector.storage.leases import LeaseHeld, LeaseLost
from connector.storage.names import line_name
from connector.storage.operation_ids import bundle_of, is_operation_id
from connector.storage.records import Operation, Status

if TYPE_CHECKING:
    from connector.provisioning.provisioner import Provisioner

_LINES_AT_ONCE = 4
_LONGEST_WAIT_S = 180.0
"""Nobody sits at a command line for longer than this; what waits longer is left to the queue."""
_LOOK_EVERY_S = 0.5


async def work_beside(
    provisioner: Provisioner,
    store: Store,
    settings: Settings,
    ids: Sequence[str],
    progress: Callable[[Operation], None],
) -> tuple[Operation, ...]:
    """Work on the lines of operations until they have ended, or wait for too long; the operations as they stand then.

    Raises:
        NoSuchOperation: one of them does not exist.
        ProvisioningDisabled: this deployment only reads.
        StorageError: as met.
    """
    if not settings.provisioning_enabled:
        raise ProvisioningDisabled
    told: dict[str, Status] = {}
    limit = asyncio.Semaphore(_LINES_AT_ONCE)

    async def work_on(line: str) -> None:
        async with limit:
            with suppress(LeaseHeld, LeaseLost):  # somebody else does it
                await provisioner.work_on(store, settings, line)

    while True:
        found = await _read(store, ids)
        for one in found:
            if told.get(one.id) is not one.status:
                told[one.id] = one.status
                progress(one)
        now = datetime.now(UTC)
        left = [one for one in found if one.status.open and _is_near(one, now)]
        if not left:
            return found
        ready = [one for one in left if one.not_before is None or one.not_before <= now]
        await asyncio.gather(*(work_on(line) for line in {line_name(one.wanted.entitlement) for one in ready}))
        if not ready or told == {one.id: one.status for one in await _read(store, ids)}:
            await asyncio.sleep(_LOOK_EVERY_S)


async def _read(store: Store, ids: Sequence[str]) -> tuple[Operation, ...]:
    strange = next((one for one in ids if not is_operation_id(one)), None)
    held = await store.operations.bundles({bundle_of(one) for one in ids}) if strange is None else {}
    found = {one.id: one for bundle in held.values() for one in bundle.record.operations}
    missing = next((one for one in ids if one not in found), None)
    if missing is not None:
        raise NoSuchOperation(missing)
    return tuple(found[one] for one in ids)


def _is_near(one: Operation, now: datetime) -> bool:
    return one.not_before is None or (one.not_before - now).total_seconds() <= _LONGEST_WAIT_S
