"""A whole sync in one process, with a queue in memory."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from connector.graph.errors import GraphUnreachable
from connector.storage.records import Progress, SyncState
from connector.sync.board import Board
from connector.sync.local import LocalQueue, run_to_end
from connector.sync.requesting import claim_sync


async def no_wait(_: float) -> None:
    await asyncio.sleep(0)


async def run(bench: Any, **changes: Any) -> tuple[str, list[Progress]]:
    told: list[Progress] = []
    queue = LocalQueue(sleep=no_wait)
    sync_id = (await claim_sync(bench.store, bench.context("x").now(), take_over=True)).sync_id
    alone = Board(bench.store, sync_id, alone=True)
    known = {"board": alone, "send": queue.send, "budget": None, "on_progress": told.append}
    await run_to_end(bench.context(sync_id, **known | changes), sync_id, queue)
    return sync_id, told


def test_it_publishes_and_tells_how_far_it_is(on_bench) -> None:
    async def test(bench: Any) -> None:
        sync_id, told = await run(bench)

        assert await bench.rows(sync_id) == {"accounts": 3, "groups": 2, "entitlements": 4}
        assert [told[0].stage, told[-1].stage, told[-1].state] == ["reading", "done", SyncState.PUBLISHED]
        assert {kind.kind: kind.rows for kind in told[-1].kinds} == {"accounts": 3, "mailboxes": 3, "groups": 2}

    on_bench(test)


def test_it_makes_the_same_bytes_as_the_queue(on_bench) -> None:
    async def test(bench: Any) -> None:
        by_queue = await bench.begin()
        await bench.drain()
        locally, _ = await run(bench)

        assert await bench.hashes(locally) == await bench.hashes(by_queue)

    on_bench(test)


def test_what_may_pass_is_tried_again(on_bench) -> None:
    async def test(bench: Any) -> None:
        failures = [GraphUnreachable("graph.example", "no route") for _ in range(3)]
        bench.readers[0].raises = lambda _: failures.pop() if failures else None
        sync_id, _ = await run(bench)

        assert (await bench.store.sync(sync_id)).record.state is SyncState.PUBLISHED

    on_bench(test)


def test_what_does_not_pass_fails_it(on_bench) -> None:
    async def test(bench: Any) -> None:
        bench.readers[0].raises = lambda _: GraphUnreachable("graph.example", "no route")
        sync_id, told = await run(bench)

        assert (await bench.store.sync(sync_id)).record.state is SyncState.FAILED
        assert told[-1].failure is not None
        assert "graph.example" in told[-1].failure.sentence

    on_bench(test)


def test_an_interrupted_sync_says_so_and_the_next_can_start_at_once(on_bench) -> None:
    async def test(bench: Any) -> None:
        running = asyncio.create_task(run(bench))
        bench.readers[0].raises = lambda _: running.cancel() and None
        with pytest.raises(asyncio.CancelledError):
            await running
        first = (await bench.store.running()).record.sync_id
        assert (await bench.store.sync(first)).record.failure.sentence == "The sync was interrupted."
        assert not (await claim_sync(bench.store, bench.context("x").now())).joined

    on_bench(test)
