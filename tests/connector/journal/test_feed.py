"""The feed: a piece of one line at a time, never with a hole and never twice, and a plain word to who cannot follow."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools

import msgspec
import pytest
from azure.storage.blob import BlobServiceClient
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.journal.errors import AheadOfJournal, JournalDamaged, TooFarBehind
from connector.journal.feed import MOST_CHANGES, changes_after, oldest_sequence
from connector.settings import Settings
from connector.storage import open_store
from connector.storage.records import Cause, FactChange
from tests.support.journals import appeared, became, commit, compact, in_storage, later, publish_sync
from tests.support.snapshots import environment, make_container

FIRST, SECOND, THIRD = "20260105T060000Z-00000001", "20260105T120000Z-00000002", "20260105T180000Z-00000003"
FACT = FactChange(table="scopes", key=("s",), after={"id": "s"})
TENANTS = (f"00000000-0000-4000-8000-{number:012d}" for number in itertools.count())


async def page(store, after, limit=100):
    return await changes_after(store, (await store.current()).record, after, limit)


def sequences(found):
    return [change.sequence for change in found.changes]


def groups(*numbers):
    return [appeared("groups", id=f"g-{number}") for number in numbers]


def test_a_change_says_what_it_was_and_is_when_it_was_seen_and_why(settings):
    one = {"id": "g-1", "display_name": "One"}

    async def work(store):
        await publish_sync(store, FIRST, at=later(0))
        await commit(store, groups(0), at=later(1))
        await commit(store, [became("groups", one, display_name="Uno")], at=later(2), cause=Cause.NOTIFICATION)
        return await page(store, 1)

    found = in_storage(settings, work)

    assert msgspec.json.decode(msgspec.json.encode(found)) == {
        "changes": [
            {
                "sequence": 2,
                "table": "groups",
                "key": ["g-1"],
                "before": one,
                "after": {"id": "g-1", "display_name": "Uno"},
                "seen_at": "2026-01-05T06:03:00Z",
                "cause": "notification",
            }
        ],
        "next": 2,
        "head": 2,
    }


def test_what_we_did_ourselves_names_the_operations(settings):
    async def work(store):
        await publish_sync(store, FIRST, at=later(0))
        await commit(store, groups(0), at=later(1), cause=Cause.OPERATION, operations=("o-1", "o-2"))
        return await page(store, 0)

    [told] = msgspec.json.decode(msgspec.json.encode(in_storage(settings, work)))["changes"]

    assert (told["cause"], told["operations"]) == ("operation", ["o-1", "o-2"])


def test_only_the_segments_of_a_page_are_read(settings):
    """Every other one may be missing."""

    async def work(store):
        await publish_sync(store, FIRST, at=later(0))
        refs = [await commit(store, groups(n, n + 1), at=later(n), facts=[FACT]) for n in (0, 2, 4, 6)]
        facts_only = await commit(store, [], at=later(9), facts=[FACT])
        for ref in (refs[0], refs[3], facts_only):
            await store.remove_segment(store.segment_name(ref))
        return await page(store, 2, 4), await page(store, 3, 2), await page(store, 8)

    assert [sequences(found) for found in in_storage(settings, work)] == [[3, 4, 5, 6], [4, 5], []]


def test_pages_lead_over_snapshots_that_were_replaced(settings):
    async def work(store):
        await publish_sync(store, FIRST, at=later(0))
        await commit(store, groups(1, 2), at=later(1))
        await compact(store, at=later(2))
        await commit(store, groups(3), at=later(3))
        await publish_sync(store, SECOND, at=later(4), drift=groups(4))
        await commit(store, groups(5), at=later(5))
        await publish_sync(store, THIRD, at=later(6))
        await commit(store, groups(6), at=later(7))
        found = [await page(store, after) for after in range(7)]
        await store.remove_snapshot(FIRST)
        await store.remove_snapshot(SECOND)
        without_the_old = await page(store, 4), await oldest_sequence(store, (await store.current()).record)
        return found, without_the_old

    found, (kept, oldest) = in_storage(settings, work)

    assert [sequences(one) for one in found] == [list(range(after + 1, 7)) for after in range(7)]
    assert {one.head for one in found} == {6}
    assert sequences(kept) == [5, 6]
    assert oldest == 5


def test_who_is_too_far_behind_is_told_where_the_newest_snapshot_is(settings):
    async def work(store):
        await publish_sync(store, FIRST, at=later(0))
        await commit(store, groups(1, 2), at=later(1))
        await publish_sync(store, SECOND, at=later(2))
        await commit(store, groups(3), at=later(3))
        await publish_sync(store, THIRD, at=later(4))
        await store.remove_snapshot(SECOND)
        await store.remove_snapshot(FIRST)
        assert sequences(await page(store, 2)) == [3]
        with pytest.raises(TooFarBehind) as told:
            await page(store, 1)
        return told.value

    told = in_storage(settings, work)

    assert (told.snapshot.snapshot_id, told.snapshot.sequence) == (THIRD, 3)
    assert told.snapshot.location.endswith(f"/snapshots/{THIRD}/")
    assert "go on from its sequence, 3" in told.advice


def test_a_snapshot_that_began_anew_cannot_be_missed(settings):
    """Who had followed to the very end of the old line must not believe to be up to date."""

    async def work(store):
        await publish_sync(store, FIRST, at=later(0))
        await commit(store, groups(1, 2), at=later(1))
        await publish_sync(store, SECOND, at=later(2), continuous=False)
        for after in (0, 1, 2):
            with pytest.raises(TooFarBehind) as told:
                await page(store, after)
        begun = await page(store, told.value.snapshot.sequence)
        await commit(store, groups(3), at=later(3))
        oldest = await oldest_sequence(store, (await store.current()).record)
        return begun, oldest, await page(store, told.value.snapshot.sequence)

    begun, oldest, followed = in_storage(settings, work)

    assert (sequences(begun), begun.next, begun.head, oldest) == ([], 3, 3, 3)
    assert sequences(followed) == [4]


def test_who_is_ahead_of_the_journal_is_told_so(settings):
    async def work(store):
        await publish_sync(store, FIRST, at=later(0))
        await commit(store, groups(1), at=later(1))
        assert (await page(store, 1)).changes == ()
        with pytest.raises(AheadOfJournal, match="no sequence 2 yet: the journal ends with 1"):
            await page(store, 2)

    in_storage(settings, work)


def test_a_page_has_a_largest_size(settings):
    async def work(store):
        await publish_sync(store, FIRST, at=later(0))
        await commit(store, groups(*range(MOST_CHANGES + 1)), at=later(1))
        return await page(store, 0, 10**9), await page(store, 0, 0)

    most, least = in_storage(settings, work)

    assert (len(most.changes), most.next, most.head) == (MOST_CHANGES, MOST_CHANGES, MOST_CHANGES + 1)
    assert sequences(least) == [1]


def test_damage_after_the_snapshot_in_force_is_told_and_a_full_sync_repairs_it(settings):
    async def work(store):
        await publish_sync(store, FIRST, at=later(0))
        await commit(store, groups(1), at=later(1))
        damaged = await commit(store, groups(2), at=later(2))
        await store.remove_segment(store.segment_name(damaged))
        assert sequences(await page(store, 0, 1)) == [1]
        with pytest.raises(JournalDamaged, match="damaged at sequence 2"):
            await page(store, 1)
        await publish_sync(store, SECOND, at=later(3), continuous=False)
        with pytest.raises(TooFarBehind):
            await page(store, 1)

    in_storage(settings, work)


def test_damage_before_the_snapshot_in_force_sends_who_needs_it_to_the_snapshot(settings):
    async def work(store):
        await publish_sync(store, FIRST, at=later(0))
        damaged = await commit(store, groups(1), at=later(1))
        await compact(store, at=later(2))
        await commit(store, groups(2), at=later(3))
        with BlobServiceClient.from_connection_string(settings.storage) as service:
            service.get_blob_client(settings.container, store.segment_name(damaged)).upload_blob(b"x", overwrite=True)
        with pytest.raises(TooFarBehind):
            await page(store, 0)
        return await page(store, 1)

    assert sequences(in_storage(settings, work)) == [2]


def test_a_pointer_that_lacks_segments_is_not_taken_for_the_end(settings):
    async def work(store):
        await publish_sync(store, FIRST, at=later(0))
        await commit(store, groups(1), at=later(1))
        await commit(store, groups(2), at=later(2))
        current = (await store.current()).record
        for kept, after in (((), 0), (current.segments[1:], 0), (current.segments[:1], 1)):
            with pytest.raises(JournalDamaged):
                await changes_after(store, msgspec.structs.replace(current, segments=kept), after)

    in_storage(settings, work)


@pytest.fixture(scope="module")
def module_settings(new_storage_account):
    found = Settings.load(environment(new_storage_account()))
    make_container(found)
    return found


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), st.integers(0, 4)),
        st.tuples(st.just("compact"), st.just(0)),
        st.tuples(st.just("sync"), st.integers(0, 2)),
        st.tuples(st.just("anew"), st.just(0)),
        st.tuples(st.just("page"), st.integers(1, 5)),
        st.tuples(st.just("page of before"), st.integers(1, 5)),
    ),
    max_size=20,
)


@settings(max_examples=25)
@given(steps=STEPS)
def test_whoever_pages_gets_every_change_once_and_in_order(module_settings, steps):
    """Pages of any size, made of what ``current.json`` says now or said before the last step, which may have replaced it."""

    async def work():
        async with open_store(dataclasses.replace(module_settings, tenant_id=next(TENANTS))) as store:
            await follow(store, steps)

    asyncio.run(work())


class Follower:
    """Has what it was given since it last began; begins anew when it is told to."""

    def __init__(self, store):
        self.store, self.at, self.got, self.begun = store, 0, [], 0

    async def read(self, current, limit):
        """Take one page; whether there is more."""
        try:
            found = await changes_after(self.store, current, self.at, limit)
        except TooFarBehind as told:
            newest = told.snapshot
        else:
            self.got += sequences(found)
            assert len(found.changes) <= limit
            assert found.changes or found.next == found.head
            self.at = found.next
            return self.at < found.head
        assert newest.sequence == (await self.store.manifest(newest.snapshot_id)).journal_base > self.at
        self.at, self.got, self.begun = newest.sequence, [], newest.sequence
        return self.at < current.journal_head


async def follow(store, steps):
    await publish_sync(store, FIRST, at=later(0))
    follower, before, began = Follower(store), (await store.current()).record, 0
    for number, (step, size) in enumerate(steps, 1):
        current = (await store.current()).record
        match step:
            case "commit":
                await commit(store, groups(*range(size)), at=later(number), facts=[FACT])
            case "compact" if current.segments:
                await compact(store, at=later(number))
            case "sync":
                snapshot_id = f"20260106T{number:06d}Z-00000000"
                await publish_sync(store, snapshot_id, at=later(number), drift=groups(*range(size)))
            case "anew":
                snapshot_id = f"20260106T{number:06d}Z-00000000"
                began = (await publish_sync(store, snapshot_id, at=later(number), continuous=False)).journal_base
            case "page":
                await follower.read(current, size)
            case "page of before" if before.journal_head >= follower.at:
                await follower.read(before, size)
        before = current
    while await follower.read(current := (await store.current()).record, 3):
        pass
    assert follower.begun >= began
    assert began or not follower.begun
    assert follower.got == list(range(follower.begun + 1, current.journal_head + 1))
