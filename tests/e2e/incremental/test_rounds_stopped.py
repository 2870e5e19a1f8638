"""When rounds cannot go on alone: it is said, a full sync is asked for, and nothing is skipped. The last of these leaves the state damaged."""

from __future__ import annotations

import importlib

import msgspec
import pytest

from connector.incremental.context import Report
from connector.incremental.service import run_round
from connector.storage import Store
from connector.storage.names import SYNC_QUEUE
from connector.storage.records import Lane
from tests.support.following import Process, wake


def test_other_settings_make_no_round_and_one_full_sync(process: Process) -> None:
    process.messages(SYNC_QUEUE)
    process.tenant.create_user("Too late")

    reports = [process.take(wake("users"), skip_ad_groups=True) for _ in range(3)]

    assert all(one is not None and one.obstacle and "SKIP_AD_GROUPS" in one.obstacle for one in reports)
    assert len(process.messages(SYNC_QUEUE)) == 1, "it is asked for once"
    assert "SKIP_AD_GROUPS" in (process.rounds().problem or "")
    process.round()
    assert process.rounds().problem is None
    assert process.untruths() == []


def test_more_than_a_round_can_commit_is_left_to_a_full_sync(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_before = process.rounds().full_sync
    before = process.with_store(lambda store: store.current())
    process.tenant.add_owner(process.some("group", 2), process.tenant.create_user("One too many"))

    with monkeypatch.context() as patch:
        patch.setattr(importlib.import_module("connector.incremental.deriving.derive"), "MOST_ROWS", 1)
        [report] = process.round(Lane.DIRECTORY)

    assert report.obstacle
    assert "More than 1 rows differ" in report.obstacle
    assert process.with_store(lambda store: store.current()) == before, "no cursor moved past it"
    asked = process.rounds().full_sync
    assert asked is not None
    assert asked.reason == report.obstacle

    async def forget(store: Store) -> None:
        held = await store.rounds()
        assert held is not None
        await store.replace_rounds(msgspec.structs.replace(held.record, full_sync=asked_before), held)

    process.with_store(forget)
    process.round()
    assert process.untruths() == []


def test_a_lost_cursor_is_marked_a_full_sync_asked_for_and_the_other_kinds_go_on(process: Process) -> None:
    process.deployment.graph.reset_delta("groups")
    user = process.tenant.create_user("Goes on")

    [report, _] = process.round()
    held = process.with_store(lambda store: store.current())

    assert held is not None
    assert held.record.cursors["groups"].lost
    assert "users" in report.followed
    assert user in {one.key[0] for one in process.journal([report]) if one.table == "accounts"}
    asked = process.rounds().full_sync
    assert asked is not None
    assert "groups" in asked.reason
    assert "groups" not in process.round()[0].followed
    assert process.rounds().full_sync == asked


def test_a_damaged_journal_is_told_and_never_skipped(process: Process) -> None:
    async def remove_last(store: Store) -> None:
        held = await store.current()
        assert held is not None
        await store.remove_segment(store.segment_name(held.record.segments[-1]))

    process.tenant.create_user("In the segment that is lost")
    process.round()
    process.with_store(remove_last)
    process.tenant.create_user("Not yet")
    before = process.with_store(lambda store: store.current())

    async def restarted() -> list[Report]:
        return await run_round(process.settings, Lane.DIRECTORY)

    [report] = process.run(restarted())

    assert report.obstacle
    assert "missing" in report.obstacle
    assert report.segments == []
    assert process.rounds().problem == report.obstacle
    assert process.with_store(lambda store: store.current()) == before
    asked = process.rounds().full_sync
    assert asked is not None
    assert asked.reason == report.obstacle
