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
from time import monotonic

from connector.logs import log_event
from connector.provisioning.working.limits import HANDS, SETTLED_S
from connector.storage import Store
from connector.storage.errors import StorageError
from connector.storage.leases import LeaseHeld, LeaseLost

_log = logging.getLogger(__name__)

_RESTS = 9
"""How much longer than a list took the next one is waited for."""


class Helping:
    """Works on lines that are due, beside those that messages name. One for a process."""

    def __init__(self) -> None:
        self._helped: set[str] = set()
        self._list_again = float("-inf")

    async def others(self, store: Store, line: str, work: Callable[[str], Awaitable[None]]) -> None:
        """Do ``work`` for lines that are due, but ``line``, all at once, as far as hands are free. Raises nothing.

        Where there are ten thousands of lines, most of them because of ends to come, a list takes a second of the process: it is asked for
        no more often than a tenth of the time.
        """
        began = monotonic()
        if len(self._helped) >= HANDS or began < self._list_again:
            return
        self._list_again = float("inf")  # one list at a time
        try:
            due = await _due(store)
        except StorageError as error:
            log_event(_log, "lines_not_listed", level=logging.WARNING, problem=str(error))
            return
        finally:
            now = monotonic()
            self._list_again = now + _RESTS * (now - began)
        left = [name for name in due if name != line and name not in self._helped]
        chosen = left[: HANDS - len(self._helped)]
        self._helped.update(chosen)
        await asyncio.gather(*(self._lend(name, work) for name in chosen))

    async def _lend(self, name: str, work: Callable[[str], Awaitable[None]]) -> None:
        try:
            await work(name)
        except (LeaseHeld, LeaseLost):
            return  # somebody is at it
        except Exception as error:
            log_event(_log, "line_not_helped", level=logging.WARNING, line=name, problem=str(error))
        finally:
            self._helped.discard(name)


async def _due(store: Store) -> list[str]:
    """The lines that are due, in an order of its own for each process, so that several do not stand in each other's way."""
    now = datetime.now(UTC)
    settled = now - timedelta(seconds=SETTLED_S)
    due = [
        one.name
        for one in await store.operations.lines()
        if one.written <= settled and (one.due is None or one.due <= now)
    ]
    return random.sample(due, len(due))
