"""Changes by sequence, for downstream systems. Nothing here needs DuckDB."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import datetime, timedelta

from connector.journal.errors import AheadOfJournal, BeforeHistory, CannotFollow, NotBegun, TooFarBehind
from connector.journal.feed import MOST_CHANGES, Page, changes_after, newest_snapshot, oldest_sequence
from connector.journal.states import state_at
from connector.query.errors import NothingSynced
from connector.settings import Settings
from connector.storage import Current, StorageError, Store, open_store

__all__ = ["MOST_CHANGES", "AheadOfJournal", "CannotFollow", "NothingSynced", "Page", "StorageError", "read_changes"]

POLLING = 2.0
"""Seconds between two looks at ``current.json`` by somebody who follows: one small read each."""

RECENT = timedelta(days=1)
"""How far back changes are told where nobody says since when."""

_LONGEST_WAIT = 60.0  # seconds between two tries while storage does not answer
_PAGE = 1_000  # changes


async def read_changes(settings: Settings, after: int | None, limit: int) -> Page:
    """At most ``limit`` changes after the sequence ``after``.

    Raises:
        NothingSynced: no snapshot is in force.
        CannotFollow: ``after`` is None, too far behind or ahead of the journal; it names the snapshot to begin anew with.
        JournalDamaged: a segment after the snapshot in force is missing or corrupt.
        StorageError: storage cannot be read.
    """
    async with open_store(settings) as store:
        current = await _current(store)
        if after is None:
            raise NotBegun(newest_snapshot(store, current))
        return await changes_after(store, current, after, limit)


async def changes_since(settings: Settings, since: int | datetime | None, now: datetime) -> AsyncGenerator[Page, None]:
    """Every change after ``since`` until now, in pages, none of them empty.

    Args:
        since: a sequence, or a moment, which must know its time zone; None for the last day, or what there is of it.

    Raises:
        BeforeHistory: storage knows nothing of the moment ``since`` any more.
        NothingSynced, CannotFollow, JournalDamaged, StorageError: as :func:`read_changes`.
    """
    async with open_store(settings) as store:
        current = await _current(store)
        at = await _sequence(store, current, since, now)
        while (page := await changes_after(store, current, at, _PAGE)).changes:
            yield page
            at = page.next


async def follow_changes(
    settings: Settings,
    since: int | datetime | None,
    now: datetime,
    say: Callable[[str], None],
    polling: float = POLLING,
) -> AsyncGenerator[Page, None]:
    """Every change after ``since``, for ever, in pages, none of them empty. Storage that does not answer is asked again.

    Args:
        since: as for :func:`changes_since`, but None for what comes from now on.
        say: is told when storage does not answer, and when a snapshot has begun anew.

    Raises:
        BeforeHistory, NothingSynced, CannotFollow, JournalDamaged, StorageError: as :func:`changes_since`.
    """
    async with open_store(settings) as store:
        current = await _current(store)
        at = current.journal_head if since is None else await _sequence(store, current, since, now)
        await changes_after(store, current, at, 1)  # who cannot follow from there is told so, rather than begun anew
        wait = polling
        while True:
            try:
                page = await changes_after(store, await _current(store), at, _PAGE)
            except TooFarBehind as told:
                say(f"A new snapshot, {told.snapshot.snapshot_id}, has begun anew: what it changed is not told.")
                at = told.snapshot.sequence
                continue
            except StorageError as error:
                if not error.transient:
                    raise
                if wait == polling:
                    say(f"{error.sentence} Trying again.")
                wait = min(2 * wait, _LONGEST_WAIT)
            else:
                wait = polling
                if page.changes:
                    yield page
                    at = page.next
                if at < page.head:
                    continue
            await asyncio.sleep(wait)


async def _sequence(store: Store, current: Current, since: int | datetime | None, now: datetime) -> int:
    """After which sequence to begin."""
    if isinstance(since, int):
        return since
    try:
        at = (await state_at(store, current, since or now - RECENT)).sequence
    except BeforeHistory:
        if since is not None:
            raise
        at = 0
    return at if since is not None else max(at, await oldest_sequence(store, current))


async def _current(store: Store) -> Current:
    held = await store.current()
    if held is None:
        raise NothingSynced
    return held.record
