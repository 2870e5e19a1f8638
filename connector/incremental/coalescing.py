"""Many asks, few rounds: whoever comes while a round runs shares the next one, and a round takes along what is queued.

All of it rests on one thought: whatever a message announces has happened before the message was seen. So a round that begins to read
later covers it, and any number of messages are worth one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import ceil

from connector.incremental.asking import Ask, MalformedWake, parse_wake
from connector.incremental.context import Report
from connector.logs import log_event
from connector.storage import Store
from connector.storage.queues import MOST_AT_ONCE, Taken
from connector.storage.records import Lane

_log = logging.getLogger(__name__)

_HIDDEN_S = 300
"""Messages that are taken along are deleted within this time. Those that are not are seen again, which does no harm."""
_MOST_PAGES = 100
"""Messages taken along by one round, in pages of 32: the rest has to wait for the next, so that this one begins."""
_DELETES_AT_ONCE = 16
_SHORTEST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 4.0
_MUCH = 100
"""Changes of one round that tell a burst from people at work, who should not have to wait for one another."""


class Turns:
    """Rounds of one lane in one process: one after another, each for everyone who has come since the one before began.

    In a burst, rounds make pauses that grow: each costs requests, however little it finds. The first is never late, and where
    rounds find little, the next is half a second later at most.

    Args:
        run: does a round.
        sleep: how to wait.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        run: Callable[[Ask], Awaitable[Report]],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run = run
        self._sleep = sleep
        self._clock = clock
        self._lock = asyncio.Lock()
        self._next: Ask | None = None
        self._turn: asyncio.Task[Report] | None = None
        self._ended = float("-inf")
        self._pause = 0.0
        self._much = False

    async def ask(self, ask: Ask) -> Report:
        """Have ``ask`` done by the next round that begins. What that raises, everyone gets who shares it."""
        self._next = ask if self._next is None else self._next | ask
        if self._turn is None:
            self._turn = asyncio.create_task(self._take_turn())
        return await asyncio.shield(self._turn)

    async def _take_turn(self) -> Report:
        async with self._lock:
            await self._rest()
            ask, self._next, self._turn = self._next, None, None  # who comes from now on shares the next one
            if ask is None:
                raise RuntimeError("a turn without anybody who asked")
            self._much = False
            try:
                report = await self._run(ask)
                self._much = report.changes >= _MUCH
                return report
            finally:
                self._ended = self._clock()

    async def _rest(self) -> None:
        since = self._clock() - self._ended
        if since > _LONGEST_PAUSE_S:
            self._pause = 0.0
            return
        grown = 2 * self._pause if self._much else 0.0
        self._pause = min(max(_SHORTEST_PAUSE_S, grown), _LONGEST_PAUSE_S)
        if since < self._pause:
            await self._sleep(self._pause - since)


async def take_along(store: Store, ask: Ask) -> tuple[Ask, asyncio.Task[None]]:
    """``ask`` together with everything that is queued for its lane now, and the task that deletes it from the queue.

    It may be deleted before anything is committed, because the message that brought ``ask`` is not: should this process die, that is
    delivered again, and :meth:`Ask.of` then looks at everything. Messages for other lanes are sent anew rather than put back:
    each time one is taken counts as a delivery, and the host puts aside what was delivered too often.

    Raises:
        StorageError: the queue cannot be read.
    """
    spent: list[Taken] = []
    others: dict[Lane, Ask] = {}
    for _ in range(_MOST_PAGES):
        page = await store.take_wakes(hidden=_HIDDEN_S)
        for taken in page:
            try:
                found = Ask.of(parse_wake(taken.text), again=taken.deliveries > 1)
            except MalformedWake as malformed:
                await put_aside(store, taken.text, malformed)
            else:
                if found.lane is ask.lane:
                    ask |= found
                else:
                    others[found.lane] = others[found.lane] | found if found.lane in others else found
            spent.append(taken)
        if len(page) < MOST_AT_ONCE:
            break
    for other in others.values():
        for message in other.messages():
            await store.send_wake(message)
    return ask, asyncio.create_task(_delete(store, spent))


async def put_aside(store: Store, text: str, problem: MalformedWake) -> None:
    """Keep a message that nobody understands for people to look at, and say so."""
    await store.put_wake_aside(text)
    log_event(_log, "message_put_aside", level=logging.ERROR, problem=str(problem))


async def _delete(store: Store, spent: list[Taken]) -> None:
    limit = asyncio.Semaphore(_DELETES_AT_ONCE)

    async def delete(taken: Taken) -> None:
        async with limit:
            await store.delete_wake(taken)

    await asyncio.gather(*(delete(taken) for taken in spent), return_exceptions=True)


@dataclass(frozen=True, slots=True)
class _Postponed:
    ask: Ask
    until: float


class Later:
    """Asks that are sent to the queue once more, to be seen after a while; one for many.

    While a message is on its way that nobody can have taken yet, another that asks for no more than it does need not be sent.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._postponed: list[_Postponed] = []

    async def send(self, store: Store, ask: Ask, after: float) -> None:
        """Have ``ask`` asked again in ``after`` seconds at the earliest, a whole number of them.

        Raises:
            StorageError: it was not sent.
        """
        now = self._clock()
        self._postponed = [one for one in self._postponed if one.until > now]
        if any(one.ask.covers(ask) for one in self._postponed):
            return
        for message in ask.messages():
            await store.send_wake(message, delay=after)
        self._postponed.append(_Postponed(ask.spelled_out(), now + ceil(after)))
