"""Many callers, few messages, and nobody is told too early."""

from __future__ import annotations

import asyncio

import pytest

from connector.notifications.together import Together


def test_what_comes_while_a_message_is_on_its_way_goes_with_the_next():
    async def run():
        sent, begun, gate = [], asyncio.Event(), asyncio.Event()

        async def send(asked):
            sent.append(list(asked))
            begun.set()
            await gate.wait()

        together = Together(send, patience=5)
        first = asyncio.create_task(together.ask(1))
        await begun.wait()
        rest = [asyncio.create_task(together.ask(number)) for number in range(2, 50)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in (first, *rest))
        gate.set()
        await asyncio.gather(first, *rest)
        await together.ask(50)
        return sent

    assert asyncio.run(run()) == [[1], list(range(2, 50)), [50]]


def test_a_failure_is_told_to_those_whom_it_concerns_and_to_no_others():
    async def run():
        fails = [True, False]

        async def send(asked):
            if fails.pop(0):
                raise ValueError("not stored")

        together = Together(send, patience=5)
        first = await asyncio.gather(together.ask(1), together.ask(2), return_exceptions=True)
        await together.ask(3)
        return first

    assert [str(error) for error in asyncio.run(run())] == ["not stored"] * 2


def test_nobody_waits_longer_than_patience_and_the_next_ones_are_sent():
    async def run():
        hanging = asyncio.Event()
        sent = []

        async def send(asked):
            sent.append(list(asked))
            if len(sent) == 1:
                await hanging.wait()

        together = Together(send, patience=0.05)
        with pytest.raises(TimeoutError):
            await together.ask(1)
        await together.ask(2)
        return sent

    assert asyncio.run(run())[-1] == [2]
