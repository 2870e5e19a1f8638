"""The limiter against a Graph that counts: within the limit, near the limit, fair, and never stuck. Time is simulated."""

from __future__ import annotations

import asyncio
import selectors
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Protocol

import pytest

from connector.graph.clock import Clock
from connector.graph.errors import Throttled
from connector.graph.limiter import GRANTED, WINDOW, Limiter, service_of

DIRECTORY = "directory"
BATCH = 20


class Leaping(selectors.DefaultSelector):
    """Waits for nothing: the time that it would have waited has passed at once."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.passed += max(0.0, timeout or 0.0)
        return super().select(0)


class Simulated(asyncio.SelectorEventLoop):
    """An event loop whose time passes only by waiting."""

    def __init__(self) -> None:
        self._leaping = Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.passed


class LoopClock(Clock):
    def __init__(self, *, lasts: float | None = None) -> None:
        super().__init__()
        self._lasts = lasts

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def may_wait(self, seconds: float) -> bool:
        return self._lasts is None or self.now() + seconds <= self._lasts


def simulate(work: Callable[[], Coroutine[Any, Any, Any]]) -> tuple[Any, float]:
    """The result of ``work()``, and the seconds that it would have taken."""
    with asyncio.Runner(loop_factory=Simulated) as runner:
        result = runner.run(work())
        return result, runner.get_loop().time()


class Counting(Protocol):
    """How Graph counts: the used part of the limit with these units, and the seconds to wait where it is too much."""

    def take(self, units: int, now: float) -> tuple[float, int]: ...


@dataclass
class Bucket:
    """Fills up all the time."""

    granted: int
    used: float = 0
    at: float = 0

    def take(self, units: int, now: float) -> tuple[float, int]:
        self.used = max(0.0, self.used - (now - self.at) * self.granted / WINDOW) + units
        self.at = now
        return self.used / self.granted, max(1, ceil((self.used - self.granted) * WINDOW / self.granted))


@dataclass
class Sliding:
    """Counts what was spent in the last ten seconds."""

    granted: int
    log: deque[tuple[float, int]] = field(default_factory=deque)
    used: int = 0

    def take(self, units: int, now: float) -> tuple[float, int]:
        while self.log and self.log[0][0] <= now - WINDOW:
            self.used -= self.log.popleft()[1]
        self.log.append((now, units))
        self.used += units
        return self.used / self.granted, ceil(self.log[0][0] + WINDOW - now)


@dataclass
class Fixed:
    """Begins at nothing every ten seconds."""

    granted: int
    window: int = 0
    used: int = 0

    def take(self, units: int, now: float) -> tuple[float, int]:
        window = int(now // WINDOW)
        self.used = units if window != self.window else self.used + units
        self.window = window
        return self.used / self.granted, ceil((window + 1) * WINDOW - now)


@dataclass
class Tenant:
    """A Graph that answers batches after ``latency`` seconds."""

    counting: Counting
    latency: float = 0.1
    asked: int = 0
    throttled: int = 0

    def answer(self) -> tuple[int, dict[str, str]]:
        used, wait = self.counting.take(1, asyncio.get_running_loop().time())
        self.asked += 1
        headers = {"x-ms-resource-unit": "1"}
        if used > 0.8:
            headers["x-ms-throttle-limit-percentage"] = f"{min(used, 1.8):.2f}"
        if used <= 1:
            return 200, headers
        self.throttled += 1
        return 429, headers | {"Retry-After": str(wait)}

    async def spend(self, limiter: Limiter, units: int) -> None:
        """Batches until ``units`` have been answered."""
        while units > 0:
            size = min(BATCH, units)
            await limiter.enter(size, DIRECTORY)
            await asyncio.sleep(self.latency)
            answers = [self.answer() for _ in range(size)]
            limiter.leave(size)
            for status, headers in answers:
                limiter.observe(1, DIRECTORY, status, headers)
                units -= status == 200
            await asyncio.sleep(max((float(headers.get("Retry-After", 0)) for _, headers in answers), default=0))


@pytest.mark.parametrize("counting", [Bucket, Sliding, Fixed])
@pytest.mark.parametrize("granted", GRANTED)
def test_whatever_the_tenant_and_however_graph_counts_nine_tenths_are_used_and_next_to_nothing_is_throttled(
    counting: Callable[[int], Counting], granted: int
) -> None:
    tenant = Tenant(counting(granted))
    total = granted * 6

    async def work() -> None:
        limiter = Limiter(LoopClock())
        await asyncio.gather(*(tenant.spend(limiter, total // 16) for _ in range(16)))

    _, seconds = simulate(work)
    assert total / seconds >= 0.9 * granted / WINDOW
    assert tenant.throttled <= 0.01 * tenant.asked


@pytest.mark.parametrize("counting", [Bucket, Sliding, Fixed])
def test_workers_that_cannot_see_each_other_share_a_limit(counting: Callable[[int], Counting]) -> None:
    tenant = Tenant(counting(8_000))
    ends: list[float] = []

    async def worker() -> None:
        limiter = Limiter(LoopClock())
        await asyncio.gather(*(tenant.spend(limiter, 1_500) for _ in range(8)))
        ends.append(asyncio.get_running_loop().time())

    async def work() -> None:
        await asyncio.gather(*(worker() for _ in range(4)))

    _, seconds = simulate(work)
    assert 4 * 8 * 1_500 / seconds >= 0.8 * 8_000 / WINDOW
    assert tenant.throttled <= 0.05 * tenant.asked


def test_a_share_is_kept_to() -> None:
    tenant = Tenant(Sliding(8_000))

    async def work() -> None:
        limiter = Limiter(LoopClock(), share=0.25)
        await tenant.spend(limiter, 4_000)

    _, seconds = simulate(work)
    assert 4_000 / seconds <= 0.25 * 8_000 / WINDOW
    assert tenant.throttled == 0


def test_who_came_first_goes_first_and_nobody_waits_for_ever() -> None:
    served: list[int] = []

    async def one(limiter: Limiter, number: int) -> None:
        await limiter.enter(500, DIRECTORY)
        served.append(number)
        await asyncio.sleep(0.1)
        limiter.leave(500)

    async def work() -> None:
        limiter = Limiter(LoopClock())
        await asyncio.gather(*(one(limiter, number) for number in range(30)))

    simulate(work)
    assert served == list(range(30))


def test_a_request_that_costs_more_than_all_there_is_goes_alone() -> None:
    async def work() -> None:
        limiter = Limiter(LoopClock())
        await limiter.enter(1_000_000, DIRECTORY)

    assert simulate(work)[1] == 0


def test_far_from_the_limit_nothing_waits() -> None:
    tenant = Tenant(Sliding(3_500), latency=0)
    assert simulate(lambda: tenant.spend(Limiter(LoopClock()), 2_500))[1] == 0


def test_room_that_comes_after_the_deadline_is_left_to_the_next_step() -> None:
    async def work() -> float:
        limiter = Limiter(LoopClock(lasts=5))
        with pytest.raises(Throttled) as throttled:
            await Tenant(Sliding(3_500), latency=0).spend(limiter, 10_000)
        return throttled.value.retry_after

    wait, seconds = simulate(work)
    assert wait == pytest.approx(WINDOW)
    assert seconds < 1


def test_retry_after_holds_back_what_the_same_service_answers_and_nothing_else() -> None:
    async def work() -> list[float]:
        limiter = Limiter(LoopClock())
        times = []
        limiter.observe(1, "roles", 429, {"Retry-After": "17"})
        for service in (DIRECTORY, "roles"):
            await limiter.enter(1, service)
            limiter.leave(1)
            times.append(asyncio.get_running_loop().time())
        return times

    assert simulate(work)[0] == [0, 17]


def test_one_429_without_a_reason_costs_nothing_but_its_own_wait() -> None:
    async def work() -> float:
        limiter = Limiter(LoopClock())
        before = limiter.limit
        limiter.observe(1, DIRECTORY, 429, {})
        assert limiter.limit == before
        return before

    assert simulate(work)[1] == 0


@pytest.mark.parametrize(
    ("target", "service"),
    [
        ("/users?$select=mailboxSettings", "directory"),
        ("/users/1/mailboxSettings", "mailboxes"),
        ("/roleManagement/directory/roleAssignments", "roles"),
        ("/groups/delta", "directory"),
    ],
)
def test_services(target: str, service: str) -> None:
    assert service_of(target) == service
