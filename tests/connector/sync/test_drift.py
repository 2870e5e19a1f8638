"""A full sync ends the journal with what it had missed, and never takes back what the journal said meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connector.storage.leases import LeaseHeld
from connector.storage.records import Cause, FactChange, Lane, Manifest
from connector.sync.announcing import PUBLISH
from connector.sync.context import utc_now
from connector.sync.publishing import comparing, publish
from connector.sync.publishing.building import build_snapshot
from connector.sync.publishing.compacting import compact
from tests.connector.sync.conftest import Numbers, Row
from tests.support.dying import Dying, Killed
from tests.support.journals import appeared, commit, gone
from tests.support.states import rows_in_force, rows_of


def listing(**ids: str) -> list[Numbers]:
    """A tenant of accounts and groups: their ids, one letter each."""
    return [_listed(table, found) for table, found in ({"accounts": "", "groups": ""} | ids).items()]


def _listed(table: str, ids: str) -> Numbers:
    return Numbers(table, table, pages=1, rows=lambda _: [Row(one) for one in ids])


async def sync(bench: Any, readers: Sequence[Numbers], **changes: Any) -> Manifest:
    """A full sync of what ``readers`` list."""
    bench.readers = readers
    sync_id = await bench.begin()
    await bench.drain(**changes)
    manifest: Manifest = await bench.store.manifest(sync_id)
    return manifest


async def seen(bench: Any, *, appears: str = "", goes: str = "", facts: Sequence[FactChange] = ()) -> Any:
    """A round commits accounts that appear and go, and facts alone."""
    stated = [FactChange(table="accounts", key=(one,), after={"id": one}) for one in appears]
    stated += [FactChange(table="accounts", key=(one,), after=None) for one in goes]
    rows = [appeared("accounts", id=one) for one in appears] + [gone("accounts", id=one) for one in goes]
    return await commit(bench.store, rows, at=utc_now(), facts=[*stated, *facts])


async def accounts(bench: Any) -> str:
    rows = await rows_in_force(bench.store)
    assert [row["id"] for row in rows["accounts"]] == [row["id"] for row in rows["facts/accounts"]]
    return "".join(row["id"] for row in rows["accounts"])


async def check_it_leads_there(bench: Any, manifest: Manifest) -> None:
    """The journal of a manifest leads from the snapshot before to this one, tables and facts, row by row."""
    assert manifest.continuous
    assert manifest.previous
    before = await bench.store.manifest(manifest.previous)
    assert manifest.journal_base == (manifest.journal[-1].last if manifest.journal else before.journal_base)
    assert await rows_of(bench.store, manifest.previous, manifest.journal) == await rows_of(
        bench.store, manifest.snapshot_id
    )


def test_what_rounds_have_missed_is_the_last_segment_of_the_journal(on_bench) -> None:
    async def test(bench: Any) -> None:
        first = await sync(bench, listing(accounts="abc", groups="g"))
        await seen(bench, appears="d")
        second = await sync(bench, listing(accounts="bcde", groups="gh"))
        current = (await bench.store.current()).record

        assert [ref.cause for ref in second.journal] == [Cause.DELTA, Cause.FULL_SYNC]
        segment = await bench.store.segment(second.journal[-1], facts=True)
        assert [(one.table, one.key, one.before is None) for one in segment.changes] == [
            ("accounts", ("a",), False),
            ("accounts", ("e",), True),
            ("groups", ("h",), True),
            ("entitlements", ("group:h:member",), True),
            ("entitlements", ("group:h:owner",), True),
        ]
        assert [(one.table, one.key) for one in segment.facts] == [
            ("accounts", ("a",)),
            ("accounts", ("e",)),
            ("groups", ("h",)),
        ]
        assert (second.previous, second.changes["accounts"].added) == (first.snapshot_id, 1)
        assert (current.segments, current.last_segment) == ((), second.journal[-1].sha256)
        assert current.journal_base == current.journal_head == second.journal[-1].last == first.journal_base + 6
        await check_it_leads_there(bench, second)

    on_bench(test)


def test_what_was_missed_is_logged_so_that_somebody_can_be_told(on_bench, caplog) -> None:
    async def test(bench: Any) -> None:
        await sync(bench, listing(accounts="ab"))
        await sync(bench, listing(accounts="bcd"))
        await sync(bench, listing(accounts="bcd"))

    with caplog.at_level("INFO", logger=publish.__name__):
        on_bench(test)

    [told] = [json.loads(one.message) for one in caplog.records if "drift_found" in one.message]
    assert (told["added"], told["removed"], told["tables"]) == (2, 1, "accounts")


def test_where_nothing_was_missed_there_is_no_segment(on_bench) -> None:
    async def test(bench: Any) -> None:
        await sync(bench, listing(accounts="abc"))
        ref = await seen(bench, appears="d", goes="a")
        second = await sync(bench, listing(accounts="bcd"))
        third = await sync(bench, listing(accounts="bcd"))
        current = (await bench.store.current()).record

        assert (second.journal, third.journal) == ((ref,), ())
        assert (current.journal_head, current.last_segment) == (ref.last, ref.sha256)
        await check_it_leads_there(bench, second)
        await check_it_leads_there(bench, third)

    on_bench(test)


@pytest.mark.parametrize("folded", [False, True], ids=["as segments", "folded meanwhile"])
def test_what_the_journal_said_while_a_sync_listed_is_not_taken_back(on_bench, folded: bool) -> None:
    async def test(bench: Any) -> None:
        await sync(bench, listing(accounts="abc"))
        await seen(bench, appears="m")  # before the sync: the list, which is younger, misses it
        bench.readers = listing(accounts="abcz")
        sync_id = await bench.begin()
        await bench.take(bench.messages.pop(0))
        await seen(bench, appears="de", goes="ab")
        await seen(bench, goes="e")
        if folded:
            assert await compact(bench.store, utc_now(), most_segments=1)
            await seen(bench, appears="f", goes="z")
        await bench.drain()

        assert await accounts(bench) == ("cdf" if folded else "cdz")
        await check_it_leads_there(bench, await bench.store.manifest(sync_id))

    on_bench(test)


def test_a_fact_that_was_journalled_before_the_sync_began_is_as_listed_even_without_a_sequence(on_bench) -> None:
    async def test(bench: Any) -> None:
        await sync(bench, listing(accounts="abc"))
        [old, young] = [[FactChange(table="mailbox_purposes", key=(one,), after={"id": one})] for one in ("a", "b")]
        await commit(bench.store, [], at=utc_now(), facts=old)
        sync_id = await bench.begin()
        await bench.take(bench.messages.pop(0))
        await commit(bench.store, [], at=utc_now(), facts=young)
        bench.readers = [*listing(accounts="abc"), Numbers("mailboxes", "mailbox_purposes", pages=1, rows=lambda _: [])]
        await bench.drain()

        rows = await rows_in_force(bench.store)
        assert [row["id"] for row in rows["facts/mailbox_purposes"]] == ["b"]
        await check_it_leads_there(bench, await bench.store.manifest(sync_id))

    on_bench(test)


async def _damage_segment(bench: Any) -> None:
    ref = await seen(bench, appears="d")
    await bench.store.remove_segment(bench.store.segment_name(ref))


async def _damage_snapshot(bench: Any) -> None:
    current = (await bench.store.current()).record
    part = (await bench.store.manifest(current.snapshot_id)).facts["accounts"].parts[0]
    await bench.store._blobs.write(bench.store._names.snapshot_part(current.snapshot_id, part.name), b"other")


@pytest.mark.parametrize("damage", [_damage_segment, _damage_snapshot])
def test_where_the_state_before_is_damaged_a_new_one_begins_and_nobody_can_pass_unnoticed(on_bench, damage) -> None:
    async def test(bench: Any) -> None:
        await sync(bench, listing(accounts="abc"))
        await damage(bench)
        head = (await bench.store.current()).record.journal_head
        second = await sync(bench, listing(accounts="ab"))
        current = (await bench.store.current()).record

        assert await accounts(bench) == "ab"
        assert not second.continuous
        assert "damaged" in second.warnings[0]
        assert (second.previous, second.changes, second.journal) == (None, {}, ())
        assert current.journal_base == current.journal_head == second.journal_base == head + 1

    on_bench(test)


def test_with_other_switches_or_too_much_drift_the_journal_begins_anew(on_bench, monkeypatch) -> None:
    async def test(bench: Any) -> None:
        first = await sync(bench, listing(accounts="abc"))
        ref = await seen(bench, appears="d")
        settings = replace(bench.settings, skip_ad_groups=True)
        bench.settings = settings
        second = await sync(bench, listing(accounts="ab"))
        monkeypatch.setattr(comparing, "MOST_DRIFT", 3)
        third = await sync(bench, listing(accounts="xy"))
        fourth = await sync(bench, listing(accounts="xyz"))

        assert (second.continuous, second.previous, second.journal) == (False, first.snapshot_id, (ref,))
        assert (second.changes["accounts"].removed, second.journal_base) == (2, ref.last + 1)
        assert (third.continuous, third.changes["accounts"].added, third.journal) == (False, 2, ())
        assert third.journal_base == second.journal_base + 1
        await check_it_leads_there(bench, fourth)

    on_bench(test)


def test_rounds_that_commit_while_a_snapshot_is_built_are_in_it_and_wait_the_second_time(on_bench, monkeypatch) -> None:
    async def test(bench: Any) -> None:
        await sync(bench, listing(accounts="abc"))
        leases: list[bool] = []
        loop = asyncio.get_running_loop()

        async def disturb() -> None:
            try:
                for lane in Lane:
                    async with bench.store.lease(lane.value):
                        pass
            except LeaseHeld:
                leases.append(True)
            else:
                leases.append(False)
                await seen(bench, appears="d")

        def build_slowly(*args: Any) -> Any:
            asyncio.run_coroutine_threadsafe(disturb(), loop).result()
            return build_snapshot(*args)

        monkeypatch.setattr(publish, "build_snapshot", build_slowly)
        second = await sync(bench, listing(accounts="bc"))

        assert leases == [False, True]
        assert await accounts(bench) == "bcd"
        await check_it_leads_there(bench, second)

    on_bench(test)


def test_a_slow_worker_does_not_write_over_what_another_one_has_published_meanwhile(on_bench, monkeypatch) -> None:
    async def test(bench: Any) -> None:
        await sync(bench, listing(accounts="abc"))
        loop = asyncio.get_running_loop()
        busy: list[bool] = []

        async def overtake(sync_id: str) -> None:
            await seen(bench, appears="d", goes="a")
            await publish.publish(bench.context(sync_id), (await bench.store.sync(sync_id)).record)

        def build_slowly(*args: Any) -> Any:
            built = build_snapshot(*args)
            if not busy:
                busy.append(True)
                asyncio.run_coroutine_threadsafe(overtake(sync_id), loop).result()
            return built

        monkeypatch.setattr(publish, "build_snapshot", build_slowly)
        bench.readers = listing(accounts="abc")
        sync_id = await bench.begin()
        await bench.drain()

        assert await accounts(bench) == "bcd", "and every part is what the manifest says"
        await check_it_leads_there(bench, await bench.store.manifest(sync_id))

    on_bench(test)


def test_what_was_compacted_of_an_older_sync_is_older_and_of_this_one_is_this_one(on_bench) -> None:
    async def test(bench: Any) -> None:
        first = await sync(bench, listing(accounts="abc"))
        await seen(bench, appears="d")
        compacted = await compact(bench.store, utc_now(), most_segments=0)
        assert compacted is not None
        second = await sync(bench, listing(accounts="abcd"))
        assert (second.previous, len(second.journal)) == (first.snapshot_id, 1)
        await check_it_leads_there(bench, second)

        await seen(bench, appears="e")
        again = await compact(bench.store, utc_now(), most_segments=0)
        record = (await bench.store.sync(second.snapshot_id)).record
        assert await publish.publish(bench.context(second.snapshot_id), record) == second
        assert (await bench.store.current()).record.snapshot_id == again
        old = (await bench.store.sync(first.snapshot_id)).record
        assert await publish.publish(bench.context(first.snapshot_id), old) is None

    on_bench(test)


def test_rounds_may_catch_up_first_and_what_they_cannot_is_drift(on_bench) -> None:
    async def test(bench: Any) -> None:
        await sync(bench, listing(accounts="abc"))

        async def catch_up() -> None:
            await seen(bench, appears="d")
            raise RuntimeError("Graph cannot be asked")

        second = await sync(bench, listing(accounts="abcde"), catch_up=catch_up)
        assert [ref.cause for ref in second.journal] == [Cause.DELTA, Cause.FULL_SYNC]
        assert second.changes["accounts"].added == 1

    on_bench(test)


def test_history_is_in_order_of_time_even_where_clocks_are_not(on_bench) -> None:
    async def test(bench: Any) -> None:
        await sync(bench, listing(accounts="abc"))
        ref = await commit(bench.store, [appeared("accounts", id="d")], at=utc_now() + timedelta(hours=1))
        second = await sync(bench, listing(accounts="abx"))

        assert second.journal[-1].committed_at >= ref.committed_at
        assert second.published_at >= ref.committed_at

    on_bench(test)


@pytest.mark.parametrize("after", [False, True], ids=["before its effect", "after its effect"])
def test_killed_at_any_write_of_publishing_what_was_missed_is_told_once(on_bench, after: bool) -> None:
    async def test(bench: Any) -> None:
        await sync(bench, listing(accounts="abc"))
        await seen(bench, appears="d")
        bench.readers = listing(accounts="bcde")
        sync_id = await bench.begin()
        while len(bench.messages) > 1 or bench.messages[0].unit != PUBLISH:
            await bench.take(bench.messages.pop(0))
        deaths = 0
        for at in (1, 3, 20, 25, 26, 27, 28, 29, 200):
            dying: Any = Dying(bench.store, bench.send, at, after=after)
            try:
                await bench.take(bench.messages[0], store=dying)
            except Killed:
                deaths += 1
        await bench.drain()

        assert deaths >= 7
        assert await accounts(bench) == "bcde"
        await check_it_leads_there(bench, await bench.store.manifest(sync_id))
        current = (await bench.store.current()).record
        assert current.last_segment == (await bench.store.manifest(sync_id)).journal[-1].sha256

    on_bench(test)
