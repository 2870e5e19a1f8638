"""Twenty who want the same and fail together make one attempt."""

from __future__ import annotations

import asyncio

import pytest

from connector.credentials.attempts import Attempts


class Failed(Exception):
    """An attempt failed."""


def test_whoever_waited_for_a_failure_gets_it_and_whoever_comes_later_tries_again() -> None:
    async def run() -> None:
        attempts, made, going_on = Attempts(), 0, asyncio.Event()

        async def attempt() -> None:
            nonlocal made
            async with attempts.turn():
                made += 1
                await going_on.wait()
                if made == 1:
                    raise Failed

        together = [asyncio.ensure_future(attempt()) for _ in range(20)]
        await asyncio.sleep(0)
        going_on.set()
        outcomes = await asyncio.gather(*together, return_exceptions=True)

        assert made == 1
        assert all(isinstance(one, Failed) for one in outcomes)
        await attempt()
        assert made == 2

    asyncio.run(run())


def test_after_a_success_everybody_has_a_turn_of_their_own() -> None:
    async def run() -> int:
        attempts, turns = Attempts(), 0

        async def take() -> None:
            nonlocal turns
            async with attempts.turn():
                turns += 1
                await asyncio.sleep(0)

        await asyncio.gather(*(take() for _ in range(3)))
        return turns

    assert asyncio.run(run()) == 3


def test_what_only_waits_for_an_attempt_gets_nobodys_failure() -> None:
    """Forgetting a token that was refused, while another cannot be fetched."""

    async def run() -> str:
        attempts, going_on = Attempts(), asyncio.Event()

        async def fail() -> None:
            async with attempts.turn():
                await going_on.wait()
                raise Failed

        async def forget() -> str:
            async with attempts.turn(attempts=False):
                return "forgotten"

        failing, forgetting = asyncio.ensure_future(fail()), asyncio.ensure_future(forget())
        await asyncio.sleep(0)
        going_on.set()
        with pytest.raises(Failed):
            await failing
        return await forgetting

    assert asyncio.run(run()) == "forgotten"


def test_one_that_is_cancelled_is_nobody_elses_failure() -> None:
    async def run() -> None:
        attempts = Attempts()

        async def hang() -> None:
            async with attempts.turn():
                await asyncio.Event().wait()

        async def pass_through() -> str:
            async with attempts.turn():
                return "through"

        hanging = asyncio.ensure_future(hang())
        await asyncio.sleep(0)
        waiting = asyncio.ensure_future(pass_through())
        await asyncio.sleep(0)
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        assert await waiting == "through"

    asyncio.run(run())
