"""A long journal becomes a snapshot: the same rows, the same bytes as publishing would write, and nobody is disturbed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from connector.journal.errors import JournalDamaged
from connector.storage.records import FactChange
from connector.sync.context import utc_now
from connector.sync.publishing import compacting
from connector.sync.publishing.compacting import compact
from tests.connector.sync.test_drift import accounts, check_it_leads_there, listing, seen, sync
from tests.support.dying import Dying, Killed
from tests.support.states import rows_in_force, rows_of


async def hashes(bench: Any, snapshot_id: str) -> dict[str, str]:
    manifest = await bench.store.manifest(snapshot_id)
    held = {**manifest.tables, **{f"facts/{name}": one for name, one in manifest.facts.items()}}
    return {name: one.parts[0].sha256 for name, one in held.items()}


async def squeeze(store: Any) -> str | None:
    """Compact, however short the journal is."""
    return await compact(store, utc_now(), most_segments=0)


def test_it_holds_what_replaying_gives_byte_for_byte_as_publishing_writes_it(on_bench) -> None:
    async def test(bench: Any) -> None:
        first = await sync(bench, listing(accounts="abc", groups="g"))
        await seen(bench, appears="d", goes="a")
        await seen(bench, goes="b")
        head = (await bench.store.current()).record
        before = await rows_in_force(bench.store)
        compacted = await squeeze(bench.store)
        assert compacted == f"{first.snapshot_id}-{head.journal_head:016d}"
        current = (await bench.store.current()).record
        manifest = await bench.store.manifest(compacted)
        after = await rows_in_force(bench.store)
        published = await sync(bench, listing(accounts="cd", groups="g"))

        assert after == before
        assert await hashes(bench, compacted) == await hashes(bench, published.snapshot_id)
        assert (current.segments, current.journal_base, current.journal_head) == (
            (),
            head.journal_head,
            head.journal_head,
        )
        assert (current.cursors, current.last_segment) == (head.cursors, head.last_segment)
        assert (manifest.compacted_from, manifest.journal) == (first.snapshot_id, head.segments)
        assert await rows_of(bench.store, first.snapshot_id, manifest.journal) == after
        assert published.journal == head.segments

    on_bench(test)


def test_again_and_again_it_names_everything_since_the_full_sync(on_bench) -> None:
    async def test(bench: Any) -> None:
        first = await sync(bench, listing(accounts="abc"))
        refs = []
        for one in "def":
            refs.append(await seen(bench, appears=one))
            compacted = await squeeze(bench.store)
        manifest = await bench.store.manifest(compacted)
        assert (manifest.compacted_from, manifest.journal) == (first.snapshot_id, tuple(refs))
        assert await accounts(bench) == "abcdef"
        await check_it_leads_there(bench, await sync(bench, listing(accounts="abcdefx")))

    on_bench(test)


def test_a_short_journal_is_left_as_it_is(on_bench) -> None:
    async def test(bench: Any) -> None:
        assert await squeeze(bench.store) is None, "before the first sync"
        await sync(bench, listing(accounts="abc"))
        assert await squeeze(bench.store) is None, "there is nothing to fold"
        await seen(bench, appears="d")
        assert await compact(bench.store, utc_now(), most_segments=1, most_lines=2) is None
        assert await compact(bench.store, utc_now(), most_segments=1, most_lines=1) is not None

    on_bench(test)


def test_segments_of_facts_alone_are_folded_too_and_ids_sort_as_the_journal_goes(on_bench) -> None:
    """Memberships of devices are such facts: a night of nothing else would let `current.json` grow all night."""

    async def test(bench: Any) -> None:
        first = await sync(bench, listing(accounts="abc"))
        ids, refs = [first.snapshot_id], []

        async def state_facts(*names: str) -> None:
            stated = [FactChange(table="mailbox_purposes", key=(name,), after={"id": name}) for name in names]
            refs.append(await seen(bench, facts=stated))

        async def fold() -> None:
            before = await rows_in_force(bench.store)
            ids.append(await squeeze(bench.store) or "nothing")
            assert (await bench.store.current()).record.segments == ()
            assert await rows_in_force(bench.store) == before

        await state_facts("a")
        await fold()
        await state_facts("b")
        await state_facts("a", "c")
        await fold()
        refs.append(await seen(bench, appears="e"))
        await fold()
        await state_facts("e")
        await fold()

        assert ids == sorted(set(ids))
        assert (await bench.store.manifest(ids[-1])).journal == tuple(refs)
        assert await accounts(bench) == "abce"
        await check_it_leads_there(bench, await sync(bench, listing(accounts="abcex")))

    on_bench(test)


def while_folding(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Awaitable[object]]) -> None:
    """Let something happen after a snapshot was folded, and before it is put in force."""
    fold = compacting._fold

    async def fold_slowly(*args: Any) -> Any:
        folded = await fold(*args)
        await happens()
        return folded

    monkeypatch.setattr(compacting, "_fold", fold_slowly)


def test_what_is_committed_meanwhile_follows_the_new_snapshot(on_bench, monkeypatch) -> None:
    async def test(bench: Any) -> None:
        await sync(bench, listing(accounts="abc"))
        await seen(bench, appears="d")
        while_folding(monkeypatch, lambda: seen(bench, appears="e", goes="d"))
        compacted = await squeeze(bench.store)
        current = (await bench.store.current()).record
        assert (current.snapshot_id, len(current.segments)) == (compacted, 1)
        assert await accounts(bench) == "abce"

    on_bench(test)


def test_a_full_sync_that_was_faster_stays_in_force(on_bench, monkeypatch) -> None:
    async def test(bench: Any) -> None:
        await sync(bench, listing(accounts="abc"))
        await seen(bench, appears="d")
        while_folding(monkeypatch, lambda: sync(bench, listing(accounts="ab")))
        assert await squeeze(bench.store) is None
        assert await accounts(bench) == "ab"

    on_bench(test)


def test_a_damaged_journal_is_not_folded(on_bench) -> None:
    async def test(bench: Any) -> None:
        await sync(bench, listing(accounts="abc"))
        ref = await seen(bench, appears="d")
        await seen(bench, appears="e")
        await bench.store.remove_segment(bench.store.segment_name(ref))
        before = await bench.store.current()
        with pytest.raises(JournalDamaged):
            await squeeze(bench.store)
        assert await bench.store.current() == before

    on_bench(test)


@pytest.mark.parametrize("after", [False, True], ids=["before its effect", "after its effect"])
def test_killed_at_any_write_the_state_is_the_same_and_the_next_one_goes_on(on_bench, after: bool) -> None:
    async def test(bench: Any) -> None:
        await sync(bench, listing(accounts="abc"))
        await seen(bench, appears="d", goes="a")
        state = await rows_in_force(bench.store)
        deaths = 0
        for at in (1, 2, 14, 28, 29, 30, 200):
            dying: Any = Dying(bench.store, None, at, after=after)
            try:
                await squeeze(dying)
            except Killed:
                deaths += 1
            assert await rows_in_force(bench.store) == state
        assert deaths >= 5
        assert (await bench.store.current()).record.segments == ()

    on_bench(test)
