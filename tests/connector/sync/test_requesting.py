"""One sync at a time may run for a tenant."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from connector.storage.records import SyncState
from connector.sync.announcing import SILENCE
from connector.sync.context import utc_now
from connector.sync.ids import is_sync_id, new_sync_id, requested_at
from connector.sync.requesting import claim_sync
from connector.sync.service import MalformedMessage, parse_message


def test_a_request_joins_the_sync_that_is_alive(on_bench) -> None:
    async def test(bench: Any) -> None:
        first = await claim_sync(bench.store, utc_now())
        second = await claim_sync(bench.store, utc_now())

        assert (first.joined, second.joined, second.sync_id) == (False, True, first.sync_id)

    on_bench(test)


def test_of_requests_at_the_same_moment_one_starts_a_sync(on_bench) -> None:
    async def test(bench: Any) -> None:
        requests = await asyncio.gather(*(claim_sync(bench.store, utc_now()) for _ in range(4)))

        assert [request.joined for request in requests].count(False) == 1
        assert len({request.sync_id for request in requests}) == 1

    on_bench(test)


def test_a_dead_sync_is_superseded(on_bench) -> None:
    async def test(bench: Any) -> None:
        first = await bench.begin()
        await bench.take(bench.messages.pop(0))
        second = await claim_sync(bench.store, utc_now() + SILENCE + timedelta(seconds=1))

        assert not second.joined
        assert (await bench.store.sync(first)).record.state is SyncState.SUPERSEDED
        assert (await bench.store.progress(first)).state is SyncState.SUPERSEDED

    on_bench(test)


def test_a_published_sync_is_in_nobodys_way(on_bench) -> None:
    async def test(bench: Any) -> None:
        await bench.begin()
        await bench.drain()

        assert not (await claim_sync(bench.store, utc_now())).joined

    on_bench(test)


def test_ids_tell_when_the_sync_was_asked_for() -> None:
    now = utc_now().replace(microsecond=0)
    sync_id = new_sync_id(now)

    assert is_sync_id(sync_id)
    assert requested_at(sync_id) == now
    assert new_sync_id(now + timedelta(seconds=1)) > sync_id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"sync_id": "../x", "unit": "start"}',
        '{"sync_id": "20261123T004500Z-1a2b3c4d", "unit": "a/b"}',
        '{"sync_id": "20261123T004500Z-1a2b3c4d", "unit": "a", "more": 1}',
    ],
)
def test_messages_that_are_not_ours_are_refused(text: str) -> None:
    with pytest.raises(MalformedMessage):
        parse_message(text)
