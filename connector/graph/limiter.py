"""Keeps within the resource units that Graph grants an application in a tenant, and makes use of them.

Graph grants so many units in any ten seconds, by the size of the tenant, which nobody can ask for
(https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits). So this begins with what the
smallest tenant has, and learns from answers: a percentage in the headers says that more than four fifths are used, by
whomever; silence at a spending that would have been more than that says that the tenant is larger; 429 says that it was
too much. Several workers that cannot see each other share a limit by what the percentage tells each of them.

Units count from when a request is sent until ten seconds after its answer came, because Graph counted them at some moment in
between. However Graph draws its windows, what is sent by this rule is within the limit.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping

from connector.graph import retry
from connector.graph.clock import Clock
from connector.graph.errors import Throttled

WINDOW = 10.0
"""Seconds for which the limits are stated."""
GRANTED = (3_500, 5_000, 8_000)
"""Resource units in a window for tenants of under 50, up to 500, and more users."""
WARNED_ABOVE = 0.8
"""Graph tells the used part of the limit from here on. https://learn.microsoft.com/graph/throttling#sample-response"""

_AIM = 0.95  # of what may be used: the percentage is rounded, and other requests of the same application are small
_FLOOR = 350.0  # units in a window, a tenth of the smallest grant: a worker among many gets on, and hears of room
_LEAST_UNDER_WAY = 50  # units: two batches
_GROWTH = 1.1  # a second, after having given way
_CUT = 0.7
_CAUTION = 300.0  # seconds without another try at a size of tenant that was too large
_MOMENT = 0.001  # seconds: less is nothing to wait for
_SLICE = 1.0  # seconds: the longest wait without looking whether there is room by now


class Limiter:
    """Lets requests through one after another, first come, first served, as soon as there is room for them.

    Args:
        clock: the time, and how to wait where a caller does not say.
        share: part of what Graph grants that may be used, above 0 and at most 1.
    """

    def __init__(self, clock: Clock, *, share: float = 1.0) -> None:
        self._clock = clock
        self._share = share
        self._size = 0
        self._limit = self._aim
        self._line = asyncio.Lock()
        self._under_way = 0
        self._spent = 0
        self._answered: deque[list[float]] = deque()  # [until when it counts, units], in order of time
        self._news = asyncio.Event()
        self._closed: dict[str, float] = {}
        self._used = 0.0  # part of the limit, as told last
        self._told = self._gave_way = self._grew = self._cautious_until = -_CAUTION

    @property
    def limit(self) -> float:
        """Resource units that are used in a window at most, as far as is known by now."""
        return self._limit

    async def enter(self, units: int, service: str, clock: Clock | None = None) -> None:
        """Wait until ``units`` may be spent on ``service``; :meth:`leave` must follow.

        Args:
            clock: how the caller waits, and until when; by default the limiter's own.

        Raises:
            Throttled: that would take longer than the deadline allows.
        """
        while True:
            if closed := self._closed_for(service):
                await (clock or self._clock).wait(closed)
            async with self._line:
                while not self._closed_for(service):
                    wait = self._wait_for_room(units)
                    if wait == 0:
                        self._under_way += units
                        return
                    await self._make_way(wait, clock or self._clock)

    def leave(self, units: int) -> None:
        """The request is over, answered or not; what it spent counts for another window."""
        self._under_way -= units
        self._spent += units
        self._answered.append([self._clock.now() + WINDOW, units])
        self._news.set()

    def observe(self, predicted: int, service: str, status: int, headers: Mapping[str, str]) -> None:
        """Learn from one answer, that of a request alone or of an item of a batch, after :meth:`leave`."""
        lowered = {name.lower(): value for name, value in headers.items()}
        self._correct(_number(lowered.get("x-ms-resource-unit")), predicted)
        used = _number(lowered.get("x-ms-throttle-limit-percentage"))
        if status == 429:
            self._throttled(service, used, retry.retry_after(lowered))
        elif used is not None:
            self._warned(used)

    @property
    def _aim(self) -> float:
        return GRANTED[self._size] * self._share * _AIM

    def _closed_for(self, service: str) -> float:
        """Seconds for which Graph said that nothing should be asked of ``service``."""
        return max(0.0, self._closed.get(service, 0.0) - self._clock.now()) if self._closed else 0.0

    def _wait_for_room(self, units: int) -> float | None:
        """Seconds until there is room; None where only an answer to what is under way can tell."""
        now = self._clock.now()
        while self._answered and self._answered[0][0] <= now + _MOMENT:
            self._spent -= int(self._answered.popleft()[1])
        if self._under_way and self._under_way + units > self._most_under_way(now):
            return None
        excess = self._spent + self._under_way + units - self._limit
        if excess <= 0 or not (self._spent or self._under_way):
            return 0
        if self._grow(now):
            return self._wait_for_room(units)
        for until, freed in self._answered:
            excess -= freed
            if excess <= 0:
                return until - now
        return None if self._under_way else self._answered[-1][0] - now

    def _most_under_way(self, now: float) -> float:
        """Near the limit, no more than what is left of it may be on its way, so that its answers can still be heeded."""
        if now - self._told > _SLICE:
            return self._limit
        return max(_LEAST_UNDER_WAY, (1 - self._used) * self._limit)

    async def _make_way(self, wait: float | None, clock: Clock) -> None:
        if wait is None:
            self._news.clear()
            await self._news.wait()
        elif not clock.may_wait(wait):
            raise Throttled(wait)
        else:
            await clock.wait(min(wait, _SLICE))

    def _grow(self, now: float) -> bool:
        """Allow more, if nothing speaks against it; called when the limit is what requests wait for."""
        if now - self._gave_way < WINDOW or now - self._grew < 1:
            return False
        if self._limit < self._aim:
            self._limit = min(self._aim, self._limit * _GROWTH)
        elif self._may_be_larger(now):
            self._size += 1
            self._limit = self._aim
        else:
            return False
        self._grew = now
        return True

    def _may_be_larger(self, now: float) -> bool:
        """Whether so much was answered without a warning that a tenant of the size assumed would have had one."""
        would_have_warned = self._spent > WARNED_ABOVE * GRANTED[self._size]
        silent = now - self._told > WINDOW and now > self._cautious_until
        return would_have_warned and silent and self._size + 1 < len(GRANTED)

    def _warned(self, used: float) -> None:
        now = self._clock.now()
        self._told, self._used = now, used
        aim = self._share * _AIM
        if used > aim + 0.005:  # the header has two decimals
            self._gave_way = now
            self._limit = max(_FLOOR, min(self._limit, self._spent * aim / used))

    def _throttled(self, service: str, used: float | None, wait: float | None) -> None:
        now = self._clock.now()
        if wait is not None:
            self._closed[service] = max(self._closed.get(service, 0.0), now + wait)
        if used is None and self._spent < self._limit / 2:
            return  # not because of what this has spent
        if now - self._gave_way < WINDOW and self._told == self._gave_way:
            return  # one answer to what was sent too fast; the others of the same moment teach nothing new
        if used is not None and self._size and self._spent > self._limit / 2:
            self._size -= 1
            self._cautious_until = now + _CAUTION
        self._limit = max(_FLOOR, min(self._limit, self._spent, self._aim) * _CUT)
        self._told = self._gave_way = now
        self._used = 1.0 if used is None else used

    def _correct(self, actual: float | None, predicted: int) -> None:
        if actual is not None and actual != predicted and self._answered:
            difference = int(actual) - predicted
            self._answered[-1][1] += difference
            self._spent += difference


def service_of(target: str) -> str:
    """Which service of Graph answers ``target``: one that says 429 speaks for itself only."""
    path = target.partition("?")[0].lower()
    if path.startswith("/rolemanagement/"):
        return "roles"
    if path.startswith("/subscriptions"):
        return "subscriptions"
    return "mailboxes" if "/mailboxsettings" in path else "directory"


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    return number if number is not None and 0 <= number < 1e6 else None
