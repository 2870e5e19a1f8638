"""Taking operations on: each exactly once, whatever is repeated and wherever it was interrupted.

What an Idempotency-Key is used for is written first, with the ids of all operations, so that whoever asks with it again does the same
writes again: places in lines, then bundles, then messages. Each may be done any number of times.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from connector.logs import log_event
from connector.provisioning.asking.lines import KEPT_S, take_places
from connector.provisioning.asking.policy import hourly_limit, read_policy
from connector.provisioning.asking.saying import asked_for
from connector.provisioning.errors import KeyReused, NotAskedBefore, ProvisioningDisabled, TooManyOperations
from connector.settings import Settings
from connector.storage.documents import Held
from connector.storage.errors import BlobMissing, Conflict
from connector.storage.names import line_name
from connector.storage.operation_ids import bundle_id, bundle_of, new_request_id, operation_id
from connector.storage.operations import Operations
from connector.storage.records import (
    SCHEMA_VERSION,
    AskedBefore,
    Bundle,
    Event,
    EventKind,
    HourlyCount,
    LineMessage,
    Operation,
    Requester,
    Wanted,
)

_log = logging.getLogger(__name__)

MOST_OPERATIONS = 1_000
"""Most operations of one request."""
MOST_OF_A_BUNDLE = 100
"""Most operations of one bundle, which is written anew with each step of one of them."""
_LINES_AT_ONCE = 24
_SOON_S = 0.02


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a request: its operations in the order in which they were asked for. ``before``: the same was asked before."""

    operations: tuple[Operation, ...]
    before: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, parsed: one to :data:`MOST_OPERATIONS` operations, by ``requester``, under ``key`` (empty: none was given).

    Attributes:
        again: it is good only if it was accepted before, under the same key: by now, ends of what it asks for have passed.
    """

    wanted: Sequence[Wanted]
    requester: Requester
    key: str = ""
    again: bool = False


async def accept(operations: Operations, settings: Settings, asked: Asked, now: datetime) -> Accepted:
    """Take a request on.

    Raises:
        ProvisioningDisabled: this deployment only reads.
        KeyReused: the key was used for another request.
        NotAskedBefore: it is good only as a repetition, and is none.
        TooManyOperations: the hour's operations are used up.
        StorageError: storage refuses; asked again with the same key, it is done once.
    """
    if not settings.provisioning_enabled:
        raise ProvisioningDisabled
    digest = _digest(asked.wanted)
    key = _key(asked) if asked.key else ""
    held = await operations.asked_before(key) if key else None
    before = held is not None
    if held is None:
        if asked.again:
            raise NotAskedBefore
        await count(operations, settings, len(asked.wanted), now)
        held, before = await _note(operations, key, _planned(asked.wanted, digest, now))
    if held.record.request_sha256 != digest:
        raise KeyReused
    if held.record.complete:
        return Accepted(await _recorded(operations, held.record), before=True)
    accepted = await _write(operations, asked, held.record, now)
    if key:
        await _complete(operations, key, held)
    return Accepted(accepted, before)


def _digest(wanted: Sequence[Wanted]) -> str:
    """Of what was parsed, so that neither order of members nor spelling of times matters."""
    return hashlib.sha256(msgspec.json.encode(list(wanted), order="deterministic")).hexdigest()


def _key(asked: Asked) -> str:
    """Of requester and key: nobody can find out, or use up, the keys of somebody else."""
    parts = [asked.requester.kind, asked.requester.id, asked.key]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def _planned(wanted: Sequence[Wanted], digest: str, now: datetime) -> AskedBefore:
    """Ids for all operations: what is asked for on one entitlement lies together, in order."""
    request = new_request_id(now)
    filling: dict[str, tuple[str, int]] = {}  # by entitlement: the bundle that has room, and how many it has
    bundles: dict[str, str] = {}
    ids = []
    for one in wanted:
        bundle, used = filling.get(one.entitlement, ("", MOST_OF_A_BUNDLE))
        if used == MOST_OF_A_BUNDLE:
            bundle, used = bundle_id(request, len(bundles) + 1), 0
            bundles[bundle] = one.entitlement
        filling[one.entitlement] = bundle, used + 1
        ids.append(operation_id(bundle, used + 1))
    return AskedBefore(request_sha256=digest, asked_at=now, bundles=bundles, operations=tuple(ids))


async def count(operations: Operations, settings: Settings, number: int, now: datetime) -> None:
    """Take ``number`` operations from the hour's. What is interrupted afterwards stays counted: the limit protects, it does not bill.

    Raises:
        TooManyOperations: there are not so many left.
        StorageError: storage refuses.
    """
    limit = hourly_limit(read_policy(await operations.policy()), settings)
    if number > limit:
        raise TooManyOperations(limit, None)
    while True:
        held = await operations.hourly_count(now)
        accepted = number + (held.record.accepted if held else 0)
        if accepted > limit:
            hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
            raise TooManyOperations(limit, (hour - now).total_seconds())
        try:
            await operations.replace_hourly_count(now, HourlyCount(accepted=accepted, last=secrets.token_hex(8)), held)
        except Conflict:
            await asyncio.sleep(random.uniform(0, _SOON_S))  # noqa: S311  not a secret
        else:
            return


async def _note(operations: Operations, key: str, plan: AskedBefore) -> tuple[Held[AskedBefore], bool]:
    """Write what the key is used for, unless somebody else has just done so; and whether they had. Without a key there is nothing
    to be found again."""
    if not key:
        return Held(plan, ""), False
    try:
        return await operations.replace_asked_before(key, plan, None), False
    except Conflict:
        held = await operations.asked_before(key)
        if held is None:
            raise
        return held, True


async def _write(operations: Operations, asked: Asked, plan: AskedBefore, now: datetime) -> tuple[Operation, ...]:
    """Everything that accepting writes, line by line, many lines at once."""
    bundles = _bundles(asked, plan)
    of_line: dict[str, list[Bundle]] = {}
    for bundle in bundles.values():
        of_line.setdefault(bundle.entitlement, []).append(bundle)
    limit = asyncio.Semaphore(_LINES_AT_ONCE)

    async def write(entitlement: str, its: Sequence[Bundle]) -> list[Bundle]:
        async with limit:
            return await _write_line(operations, entitlement, its, now)

    written = await asyncio.gather(*(write(*item) for item in of_line.items()))
    found = {operation.id: operation for line in written for bundle in line for operation in bundle.operations}
    return tuple(found[id_] for id_ in plan.operations)


async def _write_line(
    operations: Operations, entitlement: str, bundles: Sequence[Bundle], now: datetime
) -> list[Bundle]:
    ids, began = [bundle.id for bundle in bundles], time.monotonic()
    await take_places(operations, entitlement, ids, now)
    held = await asyncio.gather(*(operations.create_bundle(bundle) for bundle in bundles))
    slow = time.monotonic() - began
    if slow > KEPT_S / 3:  # the places may have been given up
        await take_places(operations, entitlement, ids, now + timedelta(seconds=slow))
    await operations.send(LineMessage(line=line_name(entitlement)))
    for bundle in bundles:
        log_event(
            _log,
            "operation_accepted",
            bundle=bundle.id,
            entitlement=entitlement,
            operations=len(bundle.operations),
            requester=bundle.operations[0].requester.kind,
        )
    return [one.record for one in held]


def _bundles(asked: Asked, plan: AskedBefore) -> Mapping[str, Bundle]:
    """The bundles as they are written first: the same bytes each time."""
    found: dict[str, list[Operation]] = {bundle: [] for bundle in plan.bundles}
    event = Event(at=plan.asked_at, kind=EventKind.ACCEPTED, said=asked_for(asked.requester))
    for id_, wanted in zip(plan.operations, asked.wanted, strict=True):
        operation = Operation(
            id=id_, wanted=wanted, requester=asked.requester, accepted_at=plan.asked_at, by=asked.key, events=(event,)
        )
        found[bundle_of(id_)].append(operation)
    return {
        id_: Bundle(schema_version=SCHEMA_VERSION, id=id_, entitlement=plan.bundles[id_], operations=tuple(operations))
        for id_, operations in found.items()
    }


async def _complete(operations: Operations, key: str, held: Held[AskedBefore]) -> None:
    try:
        await operations.replace_asked_before(key, msgspec.structs.replace(held.record, complete=True), held)
    except Conflict:
        return  # somebody who asked at the same time has finished the same


async def _recorded(operations: Operations, plan: AskedBefore) -> tuple[Operation, ...]:
    held = await operations.bundles(list(plan.bundles))
    found = {operation.id: operation for one in held.values() for operation in one.record.operations}
    missing = next((id_ for id_ in plan.operations if id_ not in found), None)
    if missing:
        raise BlobMissing(bundle_of(missing))
    return tuple(found[id_] for id_ in plan.operations)
