"""What may go on now, in order: the oldest open operation of each principal, and nobody past one who waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.provisioning.working.limits import ALONE_AFTER_DEATHS
from connector.storage.operation_ids import is_operation_id
from connector.storage.records import Bundle, Operation, Place, Status


def in_order(places: Sequence[Place], bundles: Mapping[str, Bundle]) -> list[Operation]:
    """The operations of a line, in the order in which they wait: that of their places, and within a bundle as they were given.

    An operation with a place of its own waits there, and not where its bundle does.
    """
    own = {place.id for place in places if is_operation_id(place.id)}
    by_id = {operation.id: operation for bundle in bundles.values() for operation in bundle.operations}
    found: list[Operation] = []
    for place in places:
        if place.id in own:
            found += [by_id[place.id]] if place.id in by_id else []
        elif place.id in bundles:
            found += [operation for operation in bundles[place.id].operations if operation.id not in own]
    return found


@dataclass(frozen=True, slots=True)
class Choice:
    """What may go on now, and when there is more (None: not before something else has happened)."""

    now: tuple[Operation, ...]
    next_at: datetime | None


def nameless(ordered: Iterable[Operation], now: datetime, most: int) -> list[Operation]:
    """Those whose principals must be found before anything is chosen, oldest first: a name and an id may be the same principal."""
    found = [one for one in ordered if one.status.open and one.principal_id is None and _has_come(one, now)]
    return found[:most]


def choose(ordered: Iterable[Operation], now: datetime, most: int) -> Choice:
    """Whose turn it is.

    What is scheduled is not in the way of what is asked for later; what has begun and waits is. What has ended in an unforeseen way
    before goes alone, after all others.
    """
    chosen: list[Operation] = []
    suspicious: list[Operation] = []
    taken: set[str] = set()
    waiting: list[datetime] = []
    for one in ordered:
        if not one.status.open:
            continue
        if not _has_come(one, now) and one.not_before:
            waiting.append(one.not_before)
            if one.status is Status.SCHEDULED:
                continue
        if one.principal_id is None:
            break  # it may be anybody: nobody passes it
        if one.principal_id in taken:
            continue
        taken.add(one.principal_id)
        if _has_come(one, now):
            (suspicious if one.died >= ALONE_AFTER_DEATHS else chosen).append(one)
            if len(chosen) == most:
                break
    return Choice(tuple(chosen or suspicious[:1]), min(waiting, default=None))


def _has_come(one: Operation, now: datetime) -> bool:
    return one.not_before is None or one.not_before <= now
