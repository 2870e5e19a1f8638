"""Ends that Graph cannot keep: kept in the line, and carried out as revokes of the connector's own."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec.structs import replace

from connector.provisioning.asking.lines import with_places
from connector.provisioning.asking.saying import asked_for
from connector.provisioning.working.desk import Desk
from connector.provisioning.working.moments import Moment
from connector.storage.operation_ids import bundle_id, bundle_of, operation_id, request_id
from connector.storage.operations import Operations
from connector.storage.records import (
    SCHEMA_VERSION,
    Action,
    Bundle,
    Event,
    EventKind,
    Expiry,
    Line,
    Operation,
    Requester,
    Status,
    Wanted,
)

_WRITES_AT_ONCE = 16


def changes_end(line: Line | None, one: Operation) -> bool:
    """Whether a grant of what is held already would change the end that is kept for it."""
    kept = (
        next((end.expires_at for end in line.expiries if end.principal_id == one.principal_id), None) if line else None
    )
    return one.wanted.action is Action.GRANT and kept != one.wanted.expires_at


def unsettled_ends(ordered: Iterable[Operation]) -> list[Operation]:
    """The operations whose ends are to be put into the line: of each principal the one that had an effect last, if that is not
    settled yet. The order of the line decides, because clocks of processes differ; only what was scheduled may have been passed."""
    last: dict[str, Operation] = {}
    for one in ordered:
        if one.status is Status.SUCCEEDED and not one.wanted.dry_run and one.principal_id and one.ended_at:
            before = last.get(one.principal_id)
            if before is None or not _began_later(before) or not before.ended_at or before.ended_at <= one.ended_at:
                last[one.principal_id] = one
    return [one for one in last.values() if not one.journalled and not _has_expired(one)]


def with_ends(line: Line, ended: Sequence[Operation]) -> Line:
    """``line`` with the ends of what was granted, and without those of what was revoked, or granted without one."""
    ends = {one.principal_id: one for one in ended}
    kept = [end for end in line.expiries if end.principal_id not in ends]
    kept += [
        Expiry(principal_id=one.principal_id, expires_at=one.wanted.expires_at, operation_id=one.id)
        for one in ended
        if one.wanted.action is Action.GRANT and one.wanted.expires_at and one.principal_id
    ]
    ordered = tuple(sorted(kept, key=lambda end: (end.expires_at, end.principal_id)))
    return line if set(ordered) == set(line.expiries) else replace(line, expiries=ordered)


def due_ends(desk: Desk, now: datetime) -> list[Expiry]:
    """The ends that have come, but for those of whom anything is open: it may replace or remove the end."""
    if desk.line is None:
        return []
    open_ = [one for one in desk.ordered() if one.status.open and one.status is not Status.SCHEDULED]
    if any(one.principal_id is None for one in open_):
        return []
    busy = {one.principal_id for one in open_}
    return [end for end in desk.line.expiries if end.expires_at <= now and end.principal_id not in busy]


async def revoke_what_ends(operations: Operations, desk: Desk, ends: Sequence[Expiry], moment: Moment) -> None:
    """Put a revoke into the line for each of ``ends``, and say so in the grants' records.

    Ids follow from the grants', so that each is made once, wherever this is interrupted.

    Raises:
        StorageError: storage refuses; doing it again is right.
    """
    granted: dict[str, list[Expiry]] = {}
    for end in ends:
        granted.setdefault(bundle_of(end.operation_id), []).append(end)
    limit = asyncio.Semaphore(_WRITES_AT_ONCE)

    async def revoke(bundle: str, its: Sequence[Expiry]) -> list[str]:
        async with limit:
            return await _revoke_of_bundle(operations, desk.entitlement, bundle, its, moment)

    revokes = await asyncio.gather(*(revoke(*item) for item in granted.items()))
    gone = set(ends)
    standing = [*granted, *(one for some in revokes for one in some)]  # the grants' events go into the audit file, too

    def expired(line: Line) -> Line:
        left = tuple(end for end in line.expiries if end not in gone)
        return with_places(replace(line, expiries=left), standing, moment.at)

    await desk.change_line(expired)
    await desk.reread()


async def _revoke_of_bundle(
    operations: Operations, entitlement: str, bundle: str, ends: Sequence[Expiry], moment: Moment
) -> list[str]:
    """Write the revokes of grants of one bundle, then what is said of them there, at once; the ids of their bundles."""
    held = await operations.bundle(bundle)
    grants = {one.id: one for one in held.record.operations} if held else {}
    revokes = [_revoke(entitlement, end, grants.get(end.operation_id), moment) for end in ends]
    for revoke in revokes:
        await operations.create_bundle(revoke)
    if held:
        for revoke in revokes:
            grant = revoke.operations[0].by
            if grant in grants:
                grants[grant] = moment.expired(grants[grant], revoke.operations[0].id)
        await operations.replace_bundle(replace(held.record, operations=tuple(grants.values())), held)
    return [revoke.id for revoke in revokes]


def _revoke(entitlement: str, end: Expiry, grant: Operation | None, moment: Moment) -> Bundle:
    """The revoke of one grant, in a bundle of its own: the same bytes each time but for its event."""
    bundle = _bundle_after(end)
    requester = Requester(kind="connector")
    wanted = Wanted(
        action=Action.REVOKE,
        entitlement=entitlement,
        principal=end.principal_id,
        justification=f"The end of {end.operation_id}" + (f": {grant.wanted.justification}" if grant else "."),
        ticket=grant.wanted.ticket if grant else None,
    )
    accepted = Event(at=moment.at, kind=EventKind.ACCEPTED, said=asked_for(requester))
    one = Operation(
        id=operation_id(bundle, 1),
        wanted=wanted,
        requester=requester,
        accepted_at=moment.at,
        by=end.operation_id,
        events=(accepted,),
    )
    return Bundle(schema_version=SCHEMA_VERSION, id=bundle, entitlement=entitlement, operations=(one,))


def _bundle_after(end: Expiry) -> str:
    """The id of the bundle of the revoke that follows. Many grants end at the same second, so all that an id has room for is taken from
    the grant's: two that shared one would be taken for the same, and one of them would never be revoked."""
    number = int.from_bytes(hashlib.sha256(end.operation_id.encode()).digest()[:12], "big")
    number, apart = divmod(number, 1 << 32)
    number, place = divmod(number, 9_999)
    at = end.expires_at.replace(microsecond=number % 1_000_000)
    return bundle_id(request_id(at, f"{apart:08x}"), place + 1)


def _began_later(one: Operation) -> bool:
    """Whether it was scheduled, so that what was asked for after it may have been done before it."""
    return one.wanted.starts_at is not None and one.wanted.starts_at > one.accepted_at


def _has_expired(one: Operation) -> bool:
    return any(event.kind is EventKind.EXPIRED for event in one.events)
