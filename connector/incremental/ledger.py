"""``rounds.json``: what is written there about rounds. Rounds of both lanes write it, so each write is guarded and repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from connector.storage import Store
from connector.storage.errors import Conflict
from connector.storage.records import KindRound, Rounds

_MOST_CONFLICTS = 20
"""Both lanes write a few times a round; more conflicts than this in a row are none."""


async def write(store: Store, now: datetime, change: Callable[[Rounds], Rounds]) -> Rounds:
    """Let ``rounds.json`` say what ``change`` makes of it; nothing is written where it changes nothing.

    Raises:
        StorageError: it could not be written.
    """
    for attempt in range(_MOST_CONFLICTS):
        held = await store.rounds()
        before = held.record if held else Rounds(updated_at=now, since=now)
        after = change(before)
        if held is not None and after == before:
            return before
        try:
            return (await store.replace_rounds(replace(after, updated_at=now), held)).record
        except Conflict:
            if attempt == _MOST_CONFLICTS - 1:
                raise
    raise AssertionError("unreachable")


def with_kinds(rounds: Rounds, kinds: Mapping[str, KindRound]) -> Rounds:
    """``rounds``, saying this of these kinds."""
    return replace(rounds, kinds={**rounds.kinds, **kinds})


def signalled(rounds: Rounds, kinds: Iterable[str], at: datetime) -> Rounds:
    """``rounds``, once something has given a sign that ``kinds`` have changed.

    A look that is over came before the sign, whatever the clock says of whoever looked.
    """
    return with_kinds(rounds, {kind: _signalled(rounds.kinds.get(kind, KindRound()), at) for kind in kinds})


def _signalled(before: KindRound, at: datetime) -> KindRound:
    looked = (one + timedelta(microseconds=1) for one in (before.read_at, before.tried_at) if one is not None)
    return replace(before, signalled_at=max([at, *looked]))


def read(rounds: Rounds, kind: str, *, at: datetime, changed: bool, problem: str | None = None) -> KindRound:
    """What to say of a kind that was read from ``at`` on. ``problem``: what is not right all the same."""
    before = rounds.kinds.get(kind, KindRound())
    return replace(before, read_at=at, tried_at=at, changed_at=at if changed else before.changed_at, problem=problem)


def failed(rounds: Rounds, kind: str, *, at: datetime, problem: str, lasting: bool) -> KindRound:
    """What to say of a kind that could not be read. ``lasting``: asking again at once would get the same answer."""
    before = rounds.kinds.get(kind, KindRound())
    return replace(before, problem=problem, tried_at=at if lasting else before.tried_at)
