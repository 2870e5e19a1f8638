"""Reading operations: one, or many, newest first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass

from connector.storage.operation_ids import bundle_of, day_of, is_operation_id
from connector.storage.operations import Operations
from connector.storage.records import Operation, Status

_AT_ONCE = 16
_MOST_BUNDLES = 2_000
"""Most bundles that one page reads: where hardly any operation is asked for, pages are short rather than slow."""


@dataclass(frozen=True, slots=True)
class Page:
    """Operations, newest first. ``next``: what to give as ``after`` for those that follow, even if the page has few or none; empty:
    there are no more."""

    operations: tuple[Operation, ...]
    next: str = ""


async def read_operation(operations: Operations, operation_id: str) -> Operation | None:
    """An operation, or None where there is none with that id, or it is none."""
    if not is_operation_id(operation_id):
        return None
    held = await operations.bundle(bundle_of(operation_id))
    return next((one for one in held.record.operations if one.id == operation_id), None) if held else None


async def list_operations(
    operations: Operations, *, statuses: Collection[Status], principal: str, after: str, limit: int
) -> Page:
    """Operations, newest first; ``after`` is the id of the operation, or of the bundle, before those that are wanted."""
    found: list[Operation] = []
    read = 0
    async for ids in _chunks(operations, after):
        held = await operations.bundles(ids)
        read += len(ids)
        for id_ in ids:
            its = held[id_].record.operations if id_ in held else ()
            found += [one for one in reversed(its) if _is_wanted(one, statuses, principal, after)]
        if len(found) > limit:
            return Page(tuple(found[:limit]), found[limit - 1].id)
        if read >= _MOST_BUNDLES:
            return Page(tuple(found), ids[-1])
    return Page(tuple(found))


async def _chunks(operations: Operations, after: str) -> AsyncIterator[list[str]]:
    """Ids of bundles, newest first, some at once; from that of ``after`` on."""
    newest = bundle_of(after) if after else ""
    whole = newest == after  # of a bundle that is named itself, nothing is wanted any more
    for day in await operations.days():
        if newest and day > day_of(newest):
            continue
        ids = [
            id_
            for id_ in await operations.bundles_of(day)
            if not newest or id_ < newest or (id_ == newest and not whole)
        ]
        for start in range(0, len(ids), _AT_ONCE):
            yield ids[start : start + _AT_ONCE]


def _is_wanted(one: Operation, statuses: Collection[Status], principal: str, after: str) -> bool:
    if after and one.id >= after:
        return False
    if statuses and one.status not in statuses:
        return False
    return not principal or principal.lower() in (
        one.principal_id,
        one.wanted.principal.lower(),
        _lower(one.principal_name),
    )


def _lower(name: str | None) -> str | None:
    return name.lower() if name else None
