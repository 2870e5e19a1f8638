"""A full sync, message by message: whatever is delivered, lost, repeated or killed, the snapshot is the same."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from connector.graph.envelope import ErrorBody
from connector.graph.errors import GraphUnreachable, SyncStateLost, Throttled, UnexpectedAnswer, refusal
from connector.storage import StorageError
from connector.storage.records import StepMessage, SyncState, TableChanges, UnitState
from connector.sync.kinds.reader import Incomplete

ROWS = {"accounts": 3, "groups": 2, "entitlements": 4}


class Killed(BaseException):
    """The process died here."""


class Dying:
    """A store and a queue that kill the step at write number ``at``, before or after its effect."""

    WRITES = ("replace_current", "write_manifest", "upload_snapshot_part", "replace_sync", "write_progress")
    MORE_WRITES = ("replace_checkpoint", "stage", "send")

    def __init__(self, bench: Any, at: int, *, after: bool) -> None:
        self._bench = bench
        self._left = at
        self._after = after

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._bench if name == "send" else self._bench.store, name)
        if name not in self.WRITES + self.MORE_WRITES:
            return real

        async def write(*args: Any, **kwargs: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Killed
            result = await real(*args, **kwargs)
            if self._left == 0:
                raise Killed
            return result

        return write

    @property
    def alive(self) -> bool:
        return self._left > 0


def refused(status: int) -> Exception:
    return refusal(status, ErrorBody(code="Denied", message="no"), "/users")


def test_a_sync_reads_everything_and_puts_it_in_force(on_bench) -> None:
    async def test(bench: Any) -> None:
        sync_id = await bench.begin()
        await bench.drain()

        current = (await bench.store.current()).record
        manifest = await bench.store.manifest(sync_id)
        assert (current.snapshot_id, current.cursors["users"].link) == (sync_id, "cursor-1")
        assert current.journal_head == current.journal_base == 1, "whoever is at the beginning must read the snapshot"
        assert await bench.rows(sync_id) == ROWS
        assert {name: kind.state for name, kind in manifest.kinds.items()} == {
            "accounts": "complete",
            "mailboxes": "complete",
            "groups": "complete",
        }
        assert manifest.notes == {"accounts": {"pages": 3}, "mailboxes": {"pages": 3}, "groups": {"pages": 2}}
        assert manifest.traffic.requests == 8
        assert (await bench.store.progress(sync_id)).state is SyncState.PUBLISHED

    on_bench(test)


def test_every_message_may_come_twice(on_bench) -> None:
    async def test(bench: Any) -> None:
        sync_id = await bench.begin()
        while bench.messages:
            message = bench.messages.pop(0)
            await bench.take(message)
            await bench.take(message)

        assert await bench.rows(sync_id) == ROWS
        assert bench.cursors_taken == 1

    on_bench(test)


def test_two_workers_may_take_every_message_at_once(on_bench) -> None:
    async def test(bench: Any) -> None:
        sync_id = await bench.begin()
        while bench.messages:
            message = bench.messages.pop(0)
            await asyncio.gather(bench.take(message), bench.take(message))

        assert await bench.rows(sync_id) == ROWS

    on_bench(test)


@pytest.mark.parametrize("after", [False, True], ids=["before its effect", "after its effect"])
@pytest.mark.parametrize("stride", range(3))
def test_killed_at_any_write_it_goes_on_with_the_same_message(on_bench, stride: int, after: bool) -> None:
    """Every step dies at its first write, then at its second, … until one delivery lives."""

    async def test(bench: Any) -> None:
        sync_id = await bench.begin()
        while bench.messages:
            message = bench.messages.pop(0)
            for at in range(1 + stride, 60, 3):
                dying = Dying(bench, at, after=after)
                try:
                    await bench.take(message, store=dying, send=dying.send)
                except Killed:
                    continue
                break
        assert (await bench.store.current()).record.snapshot_id == sync_id
        assert await bench.rows(sync_id) == ROWS

    on_bench(test)


def test_a_dead_workers_stage_is_not_read(on_bench) -> None:
    async def test(bench: Any) -> None:
        sync_id = await bench.begin()
        await bench.take(bench.messages.pop(0))
        first = bench.messages.pop(0)
        dying = Dying(bench, 3, after=True)  # claimed, staged, announced nothing
        with pytest.raises(Killed):
            await bench.take(first, store=dying, send=dying.send)
        await bench.take(first)
        await bench.drain()

        parts = (await bench.store.checkpoint(sync_id, "accounts")).record.parts
        assert len({part.name for part in parts}) == len(parts) == 3
        assert await bench.rows(sync_id) == ROWS

    on_bench(test)


def test_throttling_gives_the_worker_back_and_goes_on_where_it_was(on_bench) -> None:
    async def test(bench: Any) -> None:
        asked: list[int] = []

        def once(number: int) -> Exception | None:
            asked.append(number)
            return Throttled(90) if asked == [0, 1] else None

        bench.readers[0].raises = once
        sync_id = await bench.begin()
        await bench.drain(budget=None)

        assert 90 in bench.delays
        assert asked == [0, 1, 1, 2]
        assert await bench.rows(sync_id) == ROWS

    on_bench(test)


def test_a_place_that_graph_forgot_is_read_anew(on_bench) -> None:
    async def test(bench: Any) -> None:
        lost = [SyncStateLost(410, ErrorBody(code="syncStateNotFound", message=""), "/users")]
        bench.readers[0].raises = lambda number: lost.pop() if number == 2 and lost else None
        sync_id = await bench.begin()
        await bench.drain()

        checkpoint = (await bench.store.checkpoint(sync_id, "accounts")).record
        assert (checkpoint.restarts, checkpoint.notes, checkpoint.rows) == (1, {"pages": 3}, 3)
        assert await bench.rows(sync_id) == ROWS

    on_bench(test)


@pytest.mark.parametrize("page", [0, 1])
def test_a_kind_that_is_refused_keeps_the_rows_it_had(on_bench, page: int) -> None:
    async def test(bench: Any) -> None:
        first = await bench.begin()
        await bench.drain()
        bench.readers[2].raises = lambda number: refused(403) if number == page else None
        second = await bench.begin()
        await bench.drain()

        manifest = await bench.store.manifest(second)
        assert (await bench.store.current()).record.snapshot_id == second
        assert await bench.hashes(second) == await bench.hashes(first)
        assert (manifest.kinds["groups"].state, manifest.kinds["groups"].last_good) == ("incomplete", first)
        assert "403" in manifest.incomplete["groups"]
        assert manifest.carried == {"groups": 2 - page}
        assert set(manifest.changes.values()) == {TableChanges()}

    on_bench(test)


def test_a_kind_that_stays_refused_names_the_snapshot_in_which_it_was_complete(on_bench) -> None:
    async def test(bench: Any) -> None:
        first = await bench.begin()
        await bench.drain()
        bench.readers[2].raises = lambda _: refused(403)
        for _ in range(2):
            last = await bench.begin()
            await bench.drain()
        bench.readers[2].raises = lambda _: None
        again = await bench.begin()
        await bench.drain()

        kinds = {sync: (await bench.store.manifest(sync)).kinds["groups"] for sync in (last, again)}
        assert (kinds[last].last_good, kinds[again].state, kinds[again].last_good) == (first, "complete", None)
        assert await bench.hashes(again) == await bench.hashes(first)

    on_bench(test)


def test_a_sync_that_could_read_nothing_at_all_fails_and_the_previous_snapshot_stays(on_bench) -> None:
    async def test(bench: Any) -> None:
        first = await bench.begin()
        await bench.drain()
        for reader in bench.readers:
            reader.raises = lambda _: refused(403)
        second = await bench.begin()
        await bench.drain()

        progress = await bench.store.progress(second)
        assert progress.state is SyncState.FAILED
        assert "403" in progress.failure.sentence
        assert "consent" in progress.failure.advice
        assert (await bench.store.current()).record.snapshot_id == first

    on_bench(test)


def test_an_unreadable_answer_is_asked_for_again_before_the_kind_is_given_up(on_bench) -> None:
    async def test(bench: Any) -> None:
        bench.readers[2].raises = lambda _: UnexpectedAnswer("half a page")
        sync_id = await bench.begin()
        while bench.messages:
            message = bench.messages.pop(0)
            if message.unit == "groups":
                with pytest.raises(UnexpectedAnswer):
                    await bench.take(message)
            await bench.take(message, last_try=True)

        assert (await bench.store.manifest(sync_id)).incomplete.keys() == {"groups"}
        assert "half a page" in (await bench.store.manifest(sync_id)).incomplete["groups"]

    on_bench(test)


def test_what_could_not_be_read_of_a_kind_is_counted_and_listed_and_keeps_its_rows(on_bench) -> None:
    async def test(bench: Any) -> None:
        first = await bench.begin()
        await bench.drain()
        bench.readers[0].unread = lambda number: [Incomplete("accounts", "id", f"accounts-{number}", "no such luck")]
        bench.readers[0].rows = lambda number: [] if number == 1 else None
        second = await bench.begin()
        await bench.drain()

        manifest = await bench.store.manifest(second)
        assert await bench.hashes(second) == await bench.hashes(first)
        assert (manifest.kinds["accounts"].state, manifest.kinds["accounts"].unread) == ("incomplete", 3)
        assert manifest.carried["accounts"] == 1
        assert [(one.table, one.id, one.reason) for one in manifest.unread] == [
            ("accounts", f"accounts-{number}", "no such luck") for number in range(3)
        ]
        assert manifest.kinds["groups"].state == "complete"

    on_bench(test)


def test_a_refusal_of_something_optional_is_said_in_the_manifest(on_bench) -> None:
    async def test(bench: Any) -> None:
        bench.readers[0].optional = True
        bench.readers[0].raises = lambda number: refused(403) if number == 1 else None
        sync_id = await bench.begin()
        await bench.drain()

        manifest = await bench.store.manifest(sync_id)
        assert manifest.incomplete.keys() == {"accounts", "mailboxes"}
        assert "403" in manifest.incomplete["accounts"]
        assert await bench.rows(sync_id) == {"accounts": 1, "groups": 2, "entitlements": 4}

    on_bench(test)


def test_what_may_pass_is_tried_again_and_ends_the_sync_only_at_the_last_try(on_bench) -> None:
    async def test(bench: Any) -> None:
        bench.readers[0].raises = lambda _: GraphUnreachable("graph.example", "no route")
        sync_id = await bench.begin()
        await bench.take(bench.messages.pop(0))
        message = bench.messages.pop(0)

        with pytest.raises(GraphUnreachable):
            await bench.take(message)
        assert (await bench.store.sync(sync_id)).record.state is SyncState.RUNNING
        await bench.take(message, last_try=True)
        assert (await bench.store.sync(sync_id)).record.state is SyncState.FAILED

    on_bench(test)


def test_a_refused_sign_in_fails_the_sync_before_it_began(on_bench) -> None:
    async def test(bench: Any) -> None:
        async def refuse(*_: object) -> dict[str, str]:
            raise refused(401)

        sync_id = await bench.begin()
        await bench.drain(take_cursors=refuse)

        assert (await bench.store.sync(sync_id)).record.state is SyncState.FAILED
        assert (await bench.store.progress(sync_id)).failure.unit == "start"
        assert await bench.store.current() is None

    on_bench(test)


def test_an_older_sync_never_replaces_a_younger_snapshot(on_bench) -> None:
    async def test(bench: Any) -> None:
        older = StepMessage(sync_id="20000101T000000Z-00000000", unit="start")
        younger = await bench.begin()
        await bench.drain()
        held = await bench.store.running()
        from connector.storage.records import Running

        await bench.store.replace_running(Running(sync_id=older.sync_id, requested_at=held.record.requested_at), held)
        await bench.send(older)
        await bench.drain()

        assert (await bench.store.current()).record.snapshot_id == younger
        assert (await bench.store.sync(older.sync_id)).record.state is SyncState.SUPERSEDED

    on_bench(test)


def test_steps_of_a_superseded_sync_stop(on_bench) -> None:
    async def test(bench: Any) -> None:
        first = await bench.begin()
        await bench.take(bench.messages.pop(0))
        second = await bench.begin()
        await bench.drain()

        assert (await bench.store.checkpoint(first, "accounts")).record.state is UnitState.PLANNED
        assert (await bench.store.sync(first)).record.state is SyncState.SUPERSEDED
        assert (await bench.store.current()).record.snapshot_id == second

    on_bench(test)


def test_settings_that_change_during_a_sync_fail_it(on_bench) -> None:
    async def test(bench: Any) -> None:
        from dataclasses import replace

        sync_id = await bench.begin()
        await bench.take(bench.messages.pop(0))
        await bench.take(bench.messages.pop(0), last_try=True, settings=replace(bench.settings, skip_ad_groups=True))

        assert "settings" in (await bench.store.progress(sync_id)).failure.sentence
        assert await bench.store.current() is None

    on_bench(test)


def test_what_is_not_wanted_is_skipped(on_bench) -> None:
    async def test(bench: Any) -> None:
        bench.readers[0].is_wanted = False
        sync_id = await bench.begin()
        await bench.drain()

        kinds = (await bench.store.manifest(sync_id)).kinds
        assert {name: kind.state for name, kind in kinds.items()} == {
            "accounts": "skipped",
            "mailboxes": "skipped",
            "groups": "complete",
        }

    on_bench(test)


def test_a_missing_staged_part_is_named(on_bench) -> None:
    async def test(bench: Any) -> None:
        with pytest.raises(StorageError, match=r"nowhere.*is missing"):
            await bench.store.staged_rows("20000101T000000Z-00000000", "accounts", "nowhere")

    on_bench(test)
