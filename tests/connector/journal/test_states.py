"""Which state holds: a snapshot and a prefix of what followed it, at any moment that storage still knows."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from azure.storage.blob import BlobServiceClient

from connector.journal.errors import BeforeHistory, JournalDamaged
from connector.journal.states import read_segments, state_at, state_in_force
from connector.storage.records import Cause, FactChange
from tests.support.journals import appeared, became, commit, compact, gone, in_storage, later, publish_sync

FIRST, SECOND, THIRD = "20260105T060000Z-00000001", "20260105T120000Z-00000002", "20260105T180000Z-00000003"
ONE, TWO = {"id": "g-1", "display_name": "One"}, {"id": "g-2", "display_name": "Two"}


async def history(store):
    """Two syncs, a compaction between them, and something journalled after each."""
    await publish_sync(store, FIRST, at=later(0))
    await commit(store, [appeared("groups", **ONE), appeared("groups", **TWO)], at=later(10))
    await commit(store, [became("groups", ONE, display_name="Uno")], at=later(20))
    await compact(store, at=later(30))
    await commit(store, [gone("groups", **TWO)], at=later(40))
    await publish_sync(store, SECOND, at=later(60), drift=[appeared("groups", id="g-3")])
    await commit(store, [gone("groups", id="g-3")], at=later(70))


async def at(store, minutes):
    held = await store.current()
    state = await state_at(store, held.record, later(minutes))
    read = await read_segments(store, state.segments)
    assert [change.sequence for segment in read for change in segment.changes] == list(
        range(state.manifest.journal_base + 1, state.sequence + 1)
    )
    return state.manifest.snapshot_id, state.sequence, state.as_of


def test_the_state_in_force_is_the_snapshot_and_all_that_followed(settings):
    async def work(store):
        await history(store)
        held = await store.current()
        return await state_in_force(store, held.record)

    state = in_storage(settings, work)

    assert (state.manifest.snapshot_id, state.sequence, state.as_of) == (SECOND, 6, later(70))
    assert [ref.first for ref in state.segments] == [6]


def test_a_moment_of_the_past_is_the_newest_snapshot_of_then_and_what_had_followed_by_then(settings):
    async def work(store):
        await history(store)
        return [await at(store, minutes) for minutes in (0, 9, 10, 25, 35, 45, 59, 60, 69, 70, 1000)]

    assert in_storage(settings, work) == [
        (FIRST, 0, later(0)),
        (FIRST, 0, later(0)),
        (FIRST, 2, later(10)),
        (FIRST, 3, later(20)),
        (FIRST, 3, later(20)),
        (FIRST, 4, later(40)),
        (FIRST, 4, later(40)),
        (SECOND, 5, later(60)),
        (SECOND, 5, later(60)),
        (SECOND, 6, later(70)),
        (SECOND, 6, later(70)),
    ]


def test_after_a_compaction_what_it_folded_in_is_no_longer_read_but_can_still_be_asked_for(settings):
    async def work(store):
        await publish_sync(store, FIRST, at=later(0))
        await commit(store, [appeared("groups", **ONE)], at=later(10))
        compacted = await compact(store, at=later(30))
        await commit(store, [appeared("groups", **TWO)], at=later(40))
        again = await compact(store, at=later(50))
        return compacted.snapshot_id, again.snapshot_id, [await at(store, minutes) for minutes in (10, 30, 40, 50)]

    compacted, again, found = in_storage(settings, work)

    assert FIRST < compacted < again < SECOND
    assert found == [
        (FIRST, 1, later(10)),
        (FIRST, 1, later(10)),
        (FIRST, 2, later(40)),
        (again, 2, later(50)),
    ]


def test_what_was_journalled_while_a_snapshot_was_made_counts_from_when_it_was_committed(settings):
    """A snapshot's time is when it was made; what came meanwhile stands behind it in the journal, with an earlier time."""

    async def work(store):
        await publish_sync(store, FIRST, at=later(0))
        await compact(store, at=later(30))
        await commit(store, [appeared("groups", **ONE)], at=later(29))
        return await at(store, 29), await at(store, 28)

    assert in_storage(settings, work) == ((FIRST, 1, later(29)), (FIRST, 0, later(0)))


def test_what_a_snapshot_that_began_anew_has_replaced_can_still_be_asked_for(settings):
    async def work(store):
        await publish_sync(store, FIRST, at=later(0))
        await commit(store, [appeared("groups", **ONE)], at=later(10))
        await publish_sync(store, SECOND, at=later(20), continuous=False)
        await commit(store, [appeared("groups", **TWO)], at=later(30))
        return [await at(store, minutes) for minutes in (5, 15, 20, 30)]

    assert in_storage(settings, work) == [
        (FIRST, 0, later(0)),
        (FIRST, 1, later(10)),
        (SECOND, 2, later(20)),
        (SECOND, 3, later(30)),
    ]


@pytest.mark.parametrize("removed", [(), (FIRST,), (FIRST, SECOND)])
def test_before_history_it_is_said_when_history_begins(settings, removed):
    async def work(store):
        await history(store)
        await publish_sync(store, THIRD, at=later(90))
        for snapshot_id in removed:
            await store.remove_snapshot(snapshot_id)
        begins = later((0, 60, 90)[len(removed)])
        held = await store.current()
        await state_at(store, held.record, begins)
        with pytest.raises(BeforeHistory, match=f"history begins at {begins:%Y-%m-%d %H:%M:%S} UTC") as told:
            await state_at(store, held.record, begins - timedelta(seconds=1))
        return told.value.begins == begins

    assert in_storage(settings, work)


def test_segments_come_in_order_with_facts_only_if_they_are_wanted(settings):
    fact = FactChange(table="groups", key=("g-1",), after=ONE)

    async def work(store):
        await publish_sync(store, FIRST, at=later(0))
        await commit(store, [], at=later(1), facts=[fact])
        for number in range(40):
            await commit(
                store, [appeared("groups", id=f"g-{number}")], at=later(2), cause=Cause.NOTIFICATION, facts=[fact]
            )
        held = await store.current()
        state = await state_in_force(store, held.record)
        return await read_segments(store, state.segments), await read_segments(store, state.segments, facts=True)

    without, together = in_storage(settings, work)

    assert [change.key for segment in without for change in segment.changes] == [(f"g-{n}",) for n in range(40)]
    assert {len(segment.facts) for segment in without} == {0}
    assert [segment.facts for segment in together] == [[fact]] * 41


def blob(settings, name):
    service = BlobServiceClient.from_connection_string(settings.storage)
    return service, service.get_blob_client(settings.container, name)


@pytest.mark.parametrize("harm", ["removed", "cut", "changed"])
def test_a_segment_that_is_missing_or_corrupt_is_told_with_its_sequence(settings, harm):
    async def work(store):
        await history(store)
        held = await store.current()
        before = await store.manifest(SECOND)
        [ref] = [ref for ref in before.journal if ref.first == 3]
        service, found = blob(settings, store.segment_name(ref))
        with service:
            data = found.download_blob().readall()
            if harm == "removed":
                found.delete_blob()
            else:
                found.upload_blob(data[:-5] if harm == "cut" else data.replace(b"Uno", b"Duo"), overwrite=True)
        state = await state_at(store, held.record, later(20))
        with pytest.raises(JournalDamaged, match=r"damaged at sequence 3: .*full sync") as told:
            await read_segments(store, state.segments)
        return told.value.sequence

    assert in_storage(settings, work) == 3


def test_segments_that_do_not_follow_each_other_are_no_journal(settings):
    async def work(store):
        await history(store)
        held = await store.current()
        manifest = await store.manifest(SECOND)
        with pytest.raises(JournalDamaged, match="sequence 3"):
            await read_segments(store, [manifest.journal[0], manifest.journal[2]])
        with pytest.raises(JournalDamaged, match="sequence 6"):
            await state_in_force(store, msgspec.structs.replace(held.record, segments=manifest.journal))

    in_storage(settings, work)


def test_a_segment_of_another_line_is_noticed(settings):
    """The sequence is right and the content is what was committed, but it followed something else."""

    async def work(store):
        await publish_sync(store, FIRST, at=later(0))
        one = await commit(store, [appeared("groups", **ONE)], at=later(1))
        await publish_sync(store, SECOND, at=later(2))
        held = await store.current()
        await store.replace_current(msgspec.structs.replace(held.record, last_segment="0" * 64), held)
        other = await commit(store, [appeared("groups", **TWO)], at=later(3))
        with pytest.raises(JournalDamaged, match="does not follow"):
            await read_segments(store, [one, other])

    in_storage(settings, work)
