"""Segments and compacted snapshots go when nobody can need them any more, and history stays whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace as changed

from connector.journal.states import state_at
from connector.sync.context import utc_now
from connector.sync.retention import COMMIT_GRACE, READER_GRACE, Removed, remove_old
from tests.connector.sync.test_compacting import squeeze
from tests.connector.sync.test_drift import accounts, listing, seen, sync
from tests.support.dying import Dying, Killed
from tests.support.journals import appeared, segment_after
from tests.support.states import rows_in_force, rows_of

LATER = timedelta(days=2)


async def clean(bench: Any, later: timedelta = LATER, kept: int = 10, store: Any = None) -> Removed:
    return await remove_old(store or bench.store, replace(bench.settings, snapshots_kept=kept), utc_now() + later)


async def orphan(bench: Any) -> str:
    """A segment of a round that died before it could commit it."""
    current = (await bench.store.current()).record
    ref = await bench.store.write_segment(segment_after(current, [appeared("accounts", id="never")], at=utc_now()))
    return str(bench.store.segment_name(ref))


async def names(bench: Any) -> set[str]:
    return set(await bench.store.segments_written())


def test_segments_that_nothing_names_go_once_they_cannot_be_committed_any_more(on_bench) -> None:
    async def test(bench: Any) -> None:
        assert await clean(bench) == Removed((), ())
        await sync(bench, listing(accounts="abc"))
        in_force = bench.store.segment_name(await seen(bench, appears="d"))
        left = await orphan(bench)

        assert (await clean(bench, COMMIT_GRACE - timedelta(minutes=5))).segments == ()
        assert (await clean(bench, COMMIT_GRACE)).segments == (left,)
        assert await names(bench) == {in_force}
        assert await accounts(bench) == "abcd"

    on_bench(test)


def test_history_is_whole_as_far_as_kept_snapshots_reach_and_no_further(on_bench) -> None:
    async def test(bench: Any) -> None:
        moments, pictures = [], []
        for letter in "def":
            await sync(bench, listing(accounts="abc" if letter == "d" else "abcx"))
            await seen(bench, appears=letter)
            moments.append(utc_now())
            pictures.append(await accounts(bench))
            await squeeze(bench.store)
        everything = await names(bench)
        removed = await clean(bench, kept=2)

        assert len(removed.snapshots) == 3, "the oldest sync's, and what was compacted of it and of the next one"
        current = (await bench.store.current()).record
        for moment, picture in list(zip(moments, pictures, strict=True))[1:]:
            state = await state_at(bench.store, current, moment)
            rows = await rows_of(bench.store, state.manifest.snapshot_id, state.segments)
            assert "".join(row["id"] for row in rows["accounts"]) == picture
        assert removed.segments == (), "those before the oldest one kept are named by its manifest"
        removed = await clean(bench, kept=1)
        assert 0 < len(removed.segments) < len(everything)
        assert await accounts(bench) == pictures[-1]

    on_bench(test)


def test_a_compacted_snapshot_counts_for_nothing_and_goes_an_hour_after_it_was_replaced(on_bench) -> None:
    async def test(bench: Any) -> None:
        first = (await sync(bench, listing(accounts="abc"))).snapshot_id
        compacted = []
        for letter in "def":
            await seen(bench, appears=letter)
            compacted.append(await squeeze(bench.store))
        assert (await clean(bench, READER_GRACE - timedelta(minutes=5), kept=1)).snapshots == ()
        assert (await clean(bench, READER_GRACE, kept=1)).snapshots == tuple(compacted[:2])
        assert await bench.store.snapshots() == {first: True, compacted[2]: True}
        assert await accounts(bench) == "abcdef"

        second = (await sync(bench, listing(accounts="abc"))).snapshot_id
        assert set((await clean(bench, kept=2)).snapshots) == {compacted[2]}
        assert await bench.store.snapshots() == {first: True, second: True}

    on_bench(test)


def test_a_compaction_that_is_not_in_force_yet_is_left_alone(on_bench) -> None:
    async def test(bench: Any) -> None:
        first = (await sync(bench, listing(accounts="abc"))).snapshot_id
        await seen(bench, appears="d")
        with pytest.raises(Killed):
            await squeeze(Dying(bench.store, None, 30, after=False))
        found = await bench.store.snapshots()
        assert len(found) == 2
        assert (await clean(bench)).snapshots == ()
        assert await squeeze(bench.store) in found
        assert await bench.store.snapshots() == found
        assert first in found

    on_bench(test)


def test_where_a_manifest_cannot_be_understood_no_segment_goes(on_bench) -> None:
    async def test(bench: Any) -> None:
        first = (await sync(bench, listing(accounts="abc"))).snapshot_id
        await orphan(bench)
        manifest = await bench.store.manifest(first)
        await bench.store._blobs.write(bench.store._names.manifest(first), b'{"of": "a newer version"}')
        assert (await clean(bench)).segments == ()
        await bench.store.write_manifest(changed(manifest))
        assert len((await clean(bench)).segments) == 1

    on_bench(test)


def test_killed_anywhere_the_state_is_the_same_and_the_next_one_goes_on(on_bench) -> None:
    async def test(bench: Any) -> None:
        await sync(bench, listing(accounts="abc"))
        await seen(bench, appears="d")
        await squeeze(bench.store)
        await sync(bench, listing(accounts="abx"))
        for _ in range(2):
            await seen(bench, appears="efgh"[_])
        await orphan(bench)
        state = await rows_in_force(bench.store)
        deaths = 0
        for at in range(1, 20):
            try:
                await clean(bench, kept=1, store=Dying(bench.store, None, 1, after=bool(at % 2)))
            except Killed:
                deaths += 1
            else:
                break
            assert await rows_in_force(bench.store) == state
        assert deaths > 3
        assert (await clean(bench, kept=1)) == Removed((), ())
        assert await rows_in_force(bench.store) == state

    on_bench(test)
