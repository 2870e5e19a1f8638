"""Old snapshots and dead syncs are removed, and nothing that somebody could still be using."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from azure.storage.blob.aio import BlobServiceClient
from msgspec.structs import replace as changed

from connector.storage.errors import BlobMissing
from connector.storage.records import SyncState
from connector.sync.context import utc_now
from connector.sync.ids import requested_at
from connector.sync.retention import READER_GRACE, Removed, remove_old

LATER = timedelta(days=2)


class Killed(BaseException):
    """The process died here."""


async def published(bench: Any, count: int) -> list[str]:
    """Syncs that were published one after the other."""
    found = []
    for _ in range(count):
        found.append(await bench.begin())
        await bench.drain()
    return sorted(found)


async def blobs(bench: Any) -> list[str]:
    async with BlobServiceClient.from_connection_string(bench.settings.storage) as service:
        return [name async for name in service.get_container_client("entra").list_blob_names()]


async def clean(bench: Any, now: datetime, **settings: int) -> Removed:
    return await remove_old(bench.store, replace(bench.settings, **settings), now)


async def take_back(bench: Any, sync_id: str, age: timedelta) -> None:
    """Make it so that a snapshot was published ``age`` ago."""
    manifest = await bench.store.manifest(sync_id)
    await bench.store.write_manifest(changed(manifest, published_at=utc_now() - age))


def test_only_so_many_snapshots_are_kept(on_bench) -> None:
    async def test(bench: Any) -> None:
        first, second, third = await published(bench, 3)
        removed = await clean(bench, utc_now() + LATER, snapshots_kept=2)

        assert removed.snapshots == (first,)
        assert await bench.store.snapshots() == {second: True, third: True}
        assert (await bench.store.current()).record.snapshot_id == third
        assert await clean(bench, utc_now() + LATER, snapshots_kept=2) == Removed((), ())

    on_bench(test)


def test_a_snapshot_that_was_replaced_just_now_may_still_be_read(on_bench) -> None:
    async def test(bench: Any) -> None:
        first, second, third = await published(bench, 3)
        await take_back(bench, first, READER_GRACE * 3)
        await take_back(bench, second, READER_GRACE)

        assert (await clean(bench, utc_now(), snapshots_kept=1)).snapshots == (first,)
        assert (await bench.store.manifest(second)).snapshot_id == second
        assert (await clean(bench, utc_now() + READER_GRACE, snapshots_kept=1)).snapshots == (second,)
        assert (await bench.store.manifest(third)).snapshot_id == third

    on_bench(test)


def test_half_a_snapshot_goes_unless_it_may_still_become_a_whole_one(on_bench) -> None:
    async def test(bench: Any) -> None:
        [in_force] = await published(bench, 1)
        part = next(name for name in await blobs(bench) if name.endswith(".parquet"))
        async with BlobServiceClient.from_connection_string(bench.settings.storage) as service:
            for other in ("20000101T000000Z-00000000", "29990101T000000Z-00000000"):
                await service.get_blob_client("entra", part.replace(in_force, other)).upload_blob(b"half")

        assert (await clean(bench, utc_now(), snapshots_kept=10)).snapshots == ("20000101T000000Z-00000000",)
        assert await bench.store.snapshots() == {in_force: True, "29990101T000000Z-00000000": False}

    on_bench(test)


def test_what_an_ended_sync_left_behind_goes_after_a_while_but_the_last_can_be_asked_about(on_bench) -> None:
    async def test(bench: Any) -> None:
        first, second = await published(bench, 2)
        assert (await clean(bench, utc_now(), staging_hours=24)).syncs == ()
        removed = await clean(bench, utc_now() + LATER, staging_hours=24)

        assert removed.syncs == (first,)
        assert not [name for name in await blobs(bench) if f"/syncs/{first}/" in name]
        assert (await bench.store.current()).record.snapshot_id == second

    on_bench(test)


def test_nothing_of_a_sync_that_runs_is_removed_however_long_it_takes(on_bench) -> None:
    async def test(bench: Any) -> None:
        sync_id = await bench.begin()
        for _ in range(3):
            await bench.take(bench.messages.pop(0))
        before = await blobs(bench)

        assert await clean(bench, requested_at(sync_id) + LATER * 10, staging_hours=1) == Removed((), ())
        assert await blobs(bench) == before
        await bench.drain()
        assert (await bench.store.sync(sync_id)).record.state is SyncState.PUBLISHED

    on_bench(test)


def test_a_dead_sync_that_another_one_followed_is_removed_and_its_late_messages_do_nothing(on_bench) -> None:
    async def test(bench: Any) -> None:
        dead = await bench.begin()
        await bench.take(bench.messages.pop(0))
        late, bench.messages = bench.messages, []
        [follower] = await published(bench, 1)
        assert (await clean(bench, utc_now() + LATER, staging_hours=1)).syncs == (dead,)

        bench.messages = late
        await bench.drain()
        assert not [name for name in await blobs(bench) if f"/syncs/{dead}/" in name]
        assert (await bench.store.current()).record.snapshot_id == follower

    on_bench(test)


def test_killed_between_any_two_deletions_it_goes_on_and_no_half_snapshot_looks_whole(on_bench) -> None:
    async def test(bench: Any) -> None:
        first, second = await published(bench, 2)
        real, deaths = bench.store._blobs.delete, 0
        for at in range(200):
            left = at

            async def delete(name: str) -> None:
                nonlocal left
                if not left:
                    raise Killed
                left -= 1
                await real(name)

            bench.store._blobs.delete = delete
            try:
                await clean(bench, utc_now() + LATER, snapshots_kept=1, staging_hours=1)
            except Killed:
                deaths += 1
            else:
                break
            if first in await bench.store.snapshots() and at:
                with pytest.raises(BlobMissing):
                    await bench.store.manifest(first)

        assert deaths > 3
        assert await bench.store.snapshots() == {second: True}
        assert {name.split("/")[2] for name in await blobs(bench) if "/syncs/2" in name} == {
            (await bench.store.running()).record.sync_id
        }

    on_bench(test)


def test_every_publication_cleans_up(on_bench) -> None:
    async def test(bench: Any) -> None:
        kept = []
        syncs = []
        for number in range(3):
            syncs.append(await bench.begin())
            now = utc_now() + LATER * number
            await bench.drain(settings=replace(bench.settings, snapshots_kept=1), now=lambda now=now: now)
            kept.append(list(await bench.store.snapshots()))

        first, second, third = syncs
        assert kept == [[first], [first, second], [second, third]], "one that was in force until now stays"

    on_bench(test)
