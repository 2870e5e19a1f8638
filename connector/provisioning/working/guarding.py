"""Writing to Graph only while nobody else may: under leases that last long enough, and no longer than they do."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from connector.provisioning.working.limits import ACT_MARGIN_S, STOP_MARGIN_S
from connector.storage.leases import Lease, LeaseLost

T = TypeVar("T")
_LOOK_EVERY_S = 1.0


async def under(leases: Sequence[Lease], work: Coroutine[Any, Any, T]) -> T:
    """Do ``work`` while all ``leases`` last, and abandon it where one of them is about to end.

    Raises:
        LeaseLost: one ends too soon; ``work`` was not begun, or has been abandoned half way.
    """
    try:
        _check(leases, ACT_MARGIN_S)
    except LeaseLost:
        work.close()
        raise
    task = asyncio.create_task(work)
    try:
        while not (await asyncio.wait([task], timeout=_LOOK_EVERY_S))[0]:
            _check(leases, STOP_MARGIN_S)
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])


def _check(leases: Sequence[Lease], margin: float) -> None:
    for lease in leases:
        lease.check(margin)
