"""Watching a local deployment at work: its full sync, its subscriptions, and its journal as it grows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Self

from connector.journal.feed import FeedChange, changes_after
from connector.storage import Progress, Store

PATIENCE = 600
"""Seconds without an end after which a demo or benchmark gives up."""
_LOOK_EVERY = 0.15
_JOURNAL_EVERY = 0.025  # finer than what is measured


async def full_sync_done(store: Store, on_progress: Callable[[Progress], None] = lambda _: None) -> Progress:
    """Follow the sync that a timer asked for, until it has ended."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        marker = await store.running()
        progress = await store.progress(marker.record.sync_id) if marker else None
        if progress:
            on_progress(progress)
            if progress.state.final:
                return progress
        await asyncio.sleep(_LOOK_EVERY)
    raise SystemExit(f"The sync did not end within {PATIENCE} seconds.")


async def subscribed(store: Store, resources: int = 2) -> None:
    """Wait until Graph sends notifications of ``resources``."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        held = await store.subscriptions()
        if held is not None and len(held.record.subscriptions) >= resources and not held.record.wake_owed:
            return
        await asyncio.sleep(_LOOK_EVERY)
    raise SystemExit(f"There were no subscriptions within {PATIENCE} seconds.")


class Journal:
    """The journal from a moment on. Make it with :meth:`at_head`."""

    def __init__(self, store: Store, sequence: int) -> None:
        self._store = store
        self._sequence = sequence

    @classmethod
    async def at_head(cls, store: Store) -> Self:
        """From now on."""
        held = await store.current()
        return cls(store, held.record.journal_head if held else 0)

    async def more(self) -> list[FeedChange]:
        """What is new since the last call, after a short rest where that is nothing."""
        held = await self._store.current()
        if held is None or held.record.journal_head <= self._sequence:
            await asyncio.sleep(_JOURNAL_EVERY)
            return []
        page = await changes_after(self._store, held.record, self._sequence)
        self._sequence = page.next
        return list(page.changes)

    async def until(self, wanted: Callable[[FeedChange], bool]) -> list[FeedChange]:
        """Everything new until a change that is ``wanted`` is among it."""
        seen: list[FeedChange] = []
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            new = await self.more()
            seen += new
            if any(wanted(change) for change in new):
                return seen
        raise SystemExit(f"A change did not reach the journal within {PATIENCE} seconds.")


def grant_seen(resource: str, principal: str, *, there: bool) -> Callable[[FeedChange], bool]:
    """Whether a change is that ``principal`` has gained something on ``resource`` (``there``), or lost it."""

    def is_it(change: FeedChange) -> bool:
        row = change.after if there else change.before
        gone = change.after is None
        same = row is not None and (row.get("resource_id"), row.get("principal_id")) == (resource, principal)
        return change.table == "grants" and same and gone is not there

    return is_it
