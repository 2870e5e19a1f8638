"""What notifications are checked against, kept in the process: storage is read now and then, however many notifications come."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from connector.logs import log_event
from connector.notifications.verifying import Known
from connector.storage.errors import StorageError

_log = logging.getLogger(__name__)

_OLD_AFTER = 60.0
"""Seconds after which it is read again."""
REREAD_AFTER = 5.0
"""Seconds that must lie between two readings because of ids that are not known. Who makes subscriptions asks for a round when
they have passed, so that what is dropped meanwhile is not missed."""
_PATIENCE = 1.0
"""Seconds that anybody waits for it."""


class Unavailable(Exception):
    """Storage cannot be read or written in time; Graph tries again."""


class Knowledge:
    """The latest :class:`Known`. Belongs to one event loop.

    Args:
        read: reads it from storage.
        clock: seconds that only go forward.
    """

    def __init__(self, read: Callable[[], Awaitable[Known]], clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._known: Known | None = None
        self._read_at = 0.0
        self._reading: asyncio.Task[None] | None = None

    async def get(self) -> Known:
        """What is known, at most a minute old while storage can be read.

        Raises:
            Unavailable: it has never been read.
        """
        return await self._no_older_than(_OLD_AFTER)

    async def look_again(self) -> Known:
        """What is known, read again unless that was just done.

        Raises:
            Unavailable: it has never been read.
        """
        return await self._no_older_than(REREAD_AFTER)

    async def _no_older_than(self, seconds: float) -> Known:
        if self._known is None or self._clock() - self._read_at >= seconds:
            if self._reading is None:
                self._reading = asyncio.create_task(self._refresh())
            # Reading goes on when nobody waits any more: a first sign-in to storage may take longer than Graph waits.
            await asyncio.wait({self._reading}, timeout=_PATIENCE)
        if self._known is None:
            raise Unavailable("storage could not be read")
        return self._known

    async def _refresh(self) -> None:
        """Read it. Where that fails, what was known stays for another while: the secrets do not change."""
        try:
            self._known = await self._read()
        except StorageError as error:
            log_event(_log, "subscriptions_unread", level=logging.WARNING, message=error.sentence, advice=error.advice)
        finally:
            self._read_at = self._clock()
            self._reading = None
