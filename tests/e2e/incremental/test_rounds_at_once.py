"""Rounds while others are at work, and rounds that die or lose something half way: everything is written once."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from azure.storage.queue.aio import QueueServiceClient

from connector.incremental import round as round_module
from connector.incremental import tracking
from connector.incremental.asking import Ask
from connector.incremental.context import Report
from connector.incremental.replica import Replica
from connector.incremental.service import Follower, run_round
from connector.journal.states import read_segments
from connector.storage import Store
from connector.storage.errors import Conflict
from connector.storage.leases import LeaseLost
from connector.storage.names import CHANGES_QUEUE
from connector.storage.records import Cause, Lane
from tests.support.dying import Dying, Killed
from tests.support.following import Process, encoded, wake


def test_who_finds_the_lane_busy_asks_again_once_for_many(process: Process) -> None:
    process.messages()

    async def busy(store: Store) -> list[Report | None]:
        async with store.lease(Lane.DIRECTORY.value):
            takes = [
                process.follower.take_message(process.settings, encoded(wake(kind)), delivery=1)
                for kind in ("users", "users", "groups")
            ]
            first = await asyncio.gather(*takes)
            return [*first, await process.follower.take_message(process.settings, encoded(wake("users")), delivery=1)]

    before = process.rounds()
    reports = process.with_store(busy)

    assert all(report is not None and report.again and not report.segments for report in reports)
    assert process.rounds() == before
    again = process.run(eventually(process, 1))
    assert [message["kinds"] for message in again] == [["groups", "users"]]


def test_two_processes_at_once_write_everything_once(process: Process) -> None:
    users = [process.tenant.create_user(f"Twin {number}") for number in range(4)]

    async def both() -> None:
        other = Follower()
        for _ in range(3):
            texts = [encoded(wake("users")), encoded(wake(cause=Cause.DELTA))]
            takes = [one.take_message(process.settings, texts[0], delivery=1) for one in (process.follower, other)]
            await asyncio.gather(*takes)
        await other.close()

    process.run(both())
    process.round()

    assert process.untruths() == []
    assert len(users) == 4


class Losing:
    """A store whose leases are lost before anything can be committed under them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @asynccontextmanager
    async def lease(self, name: str, **options: Any) -> Any:
        async with self._store.lease(name, **options):
            yield self

    def check(self) -> None:
        raise LeaseLost("directory")


def test_a_round_that_lost_its_lease_commits_nothing_and_is_done_again(process: Process) -> None:
    process.tenant.create_user("Left behind")

    async def lost(store: Any) -> Any:
        before = await store.current()
        report = await process.follower.run(Losing(store), process.settings, Ask.of(wake("users")), along=True)  # type: ignore[arg-type]
        return before == await store.current(), report.again[0].ask

    untouched, again = process.with_store(lost)
    assert untouched
    assert again.kinds == {"users"}

    process.round()
    assert process.untruths() == []


def test_an_answer_that_got_lost_is_recognised_and_nothing_is_written_twice(process: Process) -> None:
    process.tenant.create_user("Written once")

    async def test(store: Store) -> Report:
        return await process.follower.run(_Forgetful(store), process.settings, Ask.of(wake("users")))  # type: ignore[arg-type]

    report = process.with_store(test)

    assert len(report.segments) == 1
    assert process.round()[0].segments == []
    assert process.untruths() == []


class _Forgetful:
    """A store that writes ``current.json`` once, and says that somebody else did."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._forgets = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def replace_current(self, *args: Any) -> Any:
        held = await self._store.replace_current(*args)
        if self._forgets:
            self._forgets = False
            raise Conflict("current.json")
        return held


def test_what_was_read_from_a_cursor_that_moved_meanwhile_counts_for_nothing(process: Process) -> None:
    """Somebody else commits between reading and committing: the round stops, and asks for another."""
    process.tenant.create_user("Read by both")

    async def test(store: Store) -> Report:
        return await process.follower.run(_Overtaken(store, process), process.settings, Ask.of(wake("users")))  # type: ignore[arg-type]

    report = process.with_store(test)

    assert report.segments == []
    assert [again.ask.kinds for again in report.again] == [{"users"}]
    assert process.untruths() == []


class _Overtaken:
    """A store in which another process commits what a round has read, just before it does."""

    def __init__(self, store: Store, process: Process) -> None:
        self._store = store
        self._process = process
        self._other = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @asynccontextmanager
    async def lease(self, name: str, **_: Any) -> Any:
        async with self._store.lease(f"other-{name}") as lease:
            yield lease

    async def write_segment(self, segment: Any) -> Any:
        if self._other:
            self._other = False
            other = Follower()
            await run_round(self._process.settings, Lane.DIRECTORY, ["users"], follower=other)
            await other.close()
        return await self._store.write_segment(segment)


def test_what_the_other_lane_commits_meanwhile_does_not_make_the_replica_go_back(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both lanes share it. To hold an older state again it would have to load the whole snapshot."""
    compared, loads, kinds = tracking.compare, [], ("application_owners", "provisioning_jobs")

    async def overtaken(*args: Any) -> Any:
        reading = await compared(*args)
        if args[2] in kinds:
            process.tenant.create_user(f"Overtakes {args[2]}")
            await run_round(process.settings, Lane.DIRECTORY, ["users"], follower=process.follower)
        return reading

    monkeypatch.setattr(round_module, "compare", overtaken)
    monkeypatch.setattr(Replica, "load", lambda *args: loads.append(args))
    application = process.some("servicePrincipal")
    process.tenant.add_owner(application, process.some("user", 8))
    [report] = process.round(Lane.APPLICATIONS, kinds)

    assert report.compared == kinds
    assert report.segments
    assert loads == []
    assert process.untruths() == []


@pytest.mark.parametrize("after", [False, True], ids=["before its effect", "after its effect"])
def test_killed_at_every_write_and_repeated(process: Process, after: bool) -> None:
    """Every delivery dies one write later than the one before, until one lives; everything is written once."""
    process.messages()
    process.send(wake("groups"))
    role = "29232cdf-9323-42fd-ade2-1d097af3e4de"
    process.tenant.assign_role(process.tenant.create_user(f"Dies {after}"), role)
    deaths = 0

    async def deliver(at: int, store: Store) -> None:
        dying: Any = Dying(store, None, at, after=after)
        await process.follower.run(dying, process.settings, Ask.of(wake(cause=Cause.DELTA), again=at > 1), along=True)

    for at in range(1, 40):
        try:
            process.with_store(partial(deliver, at))
        except Killed:
            deaths += 1
        else:
            break
    assert deaths >= 4, "no write was left out"
    process.round()
    assert process.untruths() == []
    assert replays_to_what_is_in_force(process)


def replays_to_what_is_in_force(process: Process) -> bool:
    """Whether every segment that is named is there, and every change begins where the one before it ended."""

    async def read(store: Store) -> bool:
        held = await store.current()
        assert held is not None
        rows: dict[tuple[str, ...], Any] = {}
        for segment in await read_segments(store, held.record.segments):
            for change in segment.changes:
                at = (change.table, *change.key)
                if at in rows and rows[at] != change.before:
                    return False
                rows[at] = change.after
        return True

    return process.with_store(read)


async def eventually(process: Process, number: int) -> list[dict[str, Any]]:
    """The delayed messages of the changes queue, once there are so many."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(20), QueueServiceClient.from_connection_string(process.settings.storage) as queues:
        client = queues.get_queue_client(CHANGES_QUEUE)
        while len(found) < number:
            async for one in client.receive_messages():
                found.append(json.loads(one.content))
                await client.delete_message(one)
            await asyncio.sleep(0.05)
    return found
