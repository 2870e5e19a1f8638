"""Waking other systems: one message for each segment of the journal, to the queue that CHANGES_OUTPUT_QUEUE names.

What was told is noted after it was told. So a message may come twice, when a process died in between or both lanes were at it, but
never not at all: what is in force and was not told is told by the next round, whoever committed it, full syncs included.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime

from msgspec.structs import replace

from connector.incremental import ledger
from connector.logs import log_event
from connector.settings import Settings
from connector.storage import Current, StorageError, Store
from connector.storage.records import Change, ChangesMessage, Rounds, TableChanges

_log = logging.getLogger(__name__)


async def tell_others(store: Store, settings: Settings, current: Current, before: int, now: datetime) -> None:
    """Tell of what the journal holds by now and nobody was told of. Where that fails, the next round does it.

    Args:
        before: sequence of the last change before this round: nothing older is told when this is the first time.
    """
    queue = settings.changes_output_queue
    if not queue:
        return
    try:
        held = await store.rounds()
        told = held.record.told if held and held.record.told is not None else before
        await ledger.write(store, now, _noting(told))
        async for message in _untold(store, settings.tenant_id, current, told):
            await store.send_changes(queue, message)
            await ledger.write(store, now, _noting(message.last))
    except StorageError as error:
        log_event(
            _log, "others_not_told", level=logging.WARNING, queue=queue, message=error.sentence, advice=error.advice
        )


async def _untold(store: Store, tenant_id: str, current: Current, told: int) -> AsyncIterator[ChangesMessage]:
    """What there is to tell: of what has been folded into a snapshot meanwhile as a whole, of the rest segment by segment."""
    if told < current.journal_base:
        yield ChangesMessage(
            tenant_id=tenant_id,
            first=told + 1,
            last=current.journal_base,
            cause=None,
            committed_at=None,
            tables=None,
        )
    for ref in current.segments:
        if ref.last < ref.first or ref.last <= told:
            continue
        segment = await store.segment(ref)
        yield ChangesMessage(
            tenant_id=tenant_id,
            first=ref.first,
            last=ref.last,
            cause=ref.cause,
            committed_at=ref.committed_at,
            tables=_counts(segment.changes),
        )


def _counts(changes: Sequence[Change]) -> dict[str, TableChanges]:
    added = Counter(change.table for change in changes if change.before is None)
    removed = Counter(change.table for change in changes if change.after is None)
    every = Counter(change.table for change in changes)
    return {
        table: TableChanges(
            added=added[table], removed=removed[table], changed=every[table] - added[table] - removed[table]
        )
        for table in sorted(every)
    }


def _noting(last: int) -> Callable[[Rounds], Rounds]:
    return lambda rounds: replace(rounds, told=max(last, rounds.told or 0))
