"""Lending a hand: whoever is woken for one line works on others that are due, too.

The host hands a process a few messages at a time, and a line spends most of its time waiting for Graph, storage and the journal, all of
which are quicker asked for many lines at once than for one wave of messages after the other. Every line keeps its own message: what goes wrong
while somebody lends a hand, that message meets again, and is counted there.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from connector.logs import log_event
from connector.provisioning.working.limits import HANDS, MOST_HELPED, SETTLED_S
from connector.storage import Store
from connector.storage.errors import StorageError
from connector.storage.leases import LeaseHeld, LeaseLost

_log = logging.getLogger(__name__)


class Helping:
    """Works on the lines that are due, beside the one that a message names. One for a process; one list of lines at a time."""

    def __init__(self) -> None:
        self._busy = False

    async def others(self, store: Store, line: str, work: Callable[[str], Awaitable[None]]) -> None:
        """Do ``work`` for lines that are due, but ``line``; nothing where this process lends its hands already. Raises nothing."""
        if self._busy:
            return
        self._busy = True
        try:
            hands = asyncio.Semaphore(HANDS)
            await asyncio.gather(*(_lend(hands, name, work) for name in await _due(store, line)))
        except StorageError as error:
            log_event(_log, "lines_not_listed", level=logging.WARNING, problem=str(error))
        finally:
            self._busy = False


async def _due(store: Store, line: str) -> list[str]:
    """Some of the lines that are due, in an order of their own for each process, so that several do not stand in each other's way."""
    now = datetime.now(UTC)
    settled = now - timedelta(seconds=SETTLED_S)
    due = [
        one.name
        for one in await store.operations.lines()
        if one.name != line and one.written <= settled and (one.due is None or one.due <= now)
    ]
    return random.sample(due, min(len(due), MOST_HELPED))


async def _lend(hands: asyncio.Semaphore, name: str, work: Callable[[str], Awaitable[None]]) -> None:
    async with hands:
        try:
            await work(name)
        except (LeaseHeld, LeaseLost):
            return  # somebody is at it
        except Exception as error:
            log_event(_log, "line_not_helped", level=logging.WARNING, line=name, problem=str(error))
