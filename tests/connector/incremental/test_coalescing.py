"""Turns: rounds of one lane, one after another, with pauses that only a burst makes long."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from connector.incremental.asking import Ask
from connector.incremental.coalescing import Turns
from connector.incremental.context import Report
from connector.storage.records import Cause, Lane, SegmentRef

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def found(changes: int) -> Report:
    """What a round reports that found so many changes."""
    ref = SegmentRef(first=1, last=changes, facts=0, sha256="", bytes=0, committed_at=NOW, cause=Cause.DELTA)
    return Report(lane=Lane.DIRECTORY, segments=[ref])


def pauses(changes: int, rounds: int) -> list[float]:
    """How long each of some rounds waited that follow one another at once and find so many changes each."""
    waited: list[float] = []
    now = 100.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        waited.append(seconds)
        now += seconds

    async def run(_ask: Ask) -> Report:
        return found(changes)

    async def work() -> None:
        turns = Turns(run, sleep=sleep, clock=lambda: now)
        for _ in range(rounds):
            await turns.ask(Ask(lane=Lane.DIRECTORY, seen_at=NOW))

    asyncio.run(work())
    return waited


def test_people_at_work_hardly_wait_for_one_another() -> None:
    assert pauses(changes=3, rounds=5) == [0.5, 0.5, 0.5, 0.5]


def test_in_a_burst_the_pauses_grow_up_to_a_limit() -> None:
    assert pauses(changes=1_000, rounds=6) == [0.5, 1.0, 2.0, 4.0, 4.0]


@pytest.mark.parametrize("asks", [2, 50])
def test_whoever_comes_while_a_round_runs_shares_the_next(asks: int) -> None:
    begun: list[Ask] = []

    async def work() -> None:
        going, running = asyncio.Event(), asyncio.Event()

        async def run(ask: Ask) -> Report:
            begun.append(ask)
            running.set()
            await going.wait()
            return found(1)

        async def no_wait(_seconds: float) -> None:
            await asyncio.sleep(0)

        turns = Turns(run, sleep=no_wait)
        first = asyncio.create_task(turns.ask(Ask(lane=Lane.DIRECTORY, seen_at=NOW)))
        await running.wait()
        others = [asyncio.create_task(turns.ask(Ask(lane=Lane.DIRECTORY, seen_at=NOW))) for _ in range(asks)]
        await asyncio.sleep(0)
        going.set()
        await asyncio.gather(first, *others)

    asyncio.run(work())
    assert len(begun) == 2
