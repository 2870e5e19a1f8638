"""Rounds against the emulated tenant and real storage: what changes there is a line in the journal, and the state is the truth."""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from azure.storage.queue.aio import QueueServiceClient

from connector.incremental import coalescing, tracking
from connector.incremental import round as round_module
from connector.incremental.asking import Ask
from connector.incremental.context import Report
from connector.incremental.replica import Replica
from connector.incremental.service import Follower, run_round, wake_what_is_due
from connector.journal.states import read_segments
from connector.storage import Store, open_store
from connector.storage.errors import Conflict
from connector.storage.leases import LeaseLost
from connector.storage.names import CHANGES_QUEUE, POISON_SUFFIX, SYNC_QUEUE
from connector.storage.records import Cause, Change, Lane, Rounds, SegmentRef, WakeMessage
from connector.sync.context import utc_now
from connector.sync.local import run_full_sync
from emulators.graph import Fault, GraphEmulator
from emulators.graph.tenant.generator import generate
from tests.support.deployments import Deployment, deploy
from tests.support.dying import Dying, Killed

T = TypeVar("T")
TOLD = "told-of-changes"


class Process:
    """A deployment of which a full sync has been published, and a worker process that follows it."""

    def __init__(self, deployment: Deployment, folder: Path) -> None:
        self.deployment = deployment
        self.settings = dataclasses.replace(deployment.settings, changes_output_queue=TOLD)
        self.folder = folder
        self.runner = asyncio.Runner()
        self.follower: Follower = self.run(self._follower())

    async def _follower(self) -> Follower:
        return Follower()

    def run(self, work: Awaitable[T]) -> T:
        async def main() -> T:
            return await work

        return self.runner.run(main())

    def close(self) -> None:
        self.run(self.follower.close())
        self.runner.close()

    @property
    def tenant(self) -> Any:
        return self.deployment.graph.tenant

    def some(self, kind: str, number: int = 0) -> str:
        rows = self.tenant.db.execute("SELECT id FROM objects WHERE type = ? AND deleted IS NULL ORDER BY key", (kind,))
        return str(rows.fetchall()[number][0])

    def with_store(self, test: Callable[[Store], Awaitable[T]]) -> T:
        async def main() -> T:
            async with open_store(self.settings) as store:
                return await test(store)

        return self.run(main())

    def round(self, *args: Any, **options: Any) -> list[Report]:
        return self.run(run_round(self.settings, *args, follower=self.follower, **options))

    def take(self, message: WakeMessage | str, *, delivery: int = 1, **changes: Any) -> Report | None:
        """Let the process take a message; with other settings, a process of its own."""
        text = message if isinstance(message, str) else encoded(message)
        if not changes:
            return self.run(self.follower.take_message(self.settings, text, delivery=delivery))

        async def otherwise() -> Report | None:
            other = Follower()
            try:
                return await other.take_message(dataclasses.replace(self.settings, **changes), text, delivery=delivery)
            finally:
                await other.close()

        return self.run(otherwise())

    def journal(self, reports: list[Report]) -> list[Change]:
        refs: list[SegmentRef] = [ref for report in reports for ref in report.segments]

        async def read(store: Store) -> list[Change]:
            return [change for ref in refs for change in (await read_segments(store, [ref]))[0].changes]

        return self.with_store(read)

    def untruths(self) -> list[str]:
        return self.deployment.untruths(self.run(self.deployment.read_state(self.folder)))

    def messages(self, queue: str = CHANGES_QUEUE) -> list[dict[str, Any]]:
        """The messages of a queue, delayed ones apart; they are taken from it."""

        async def read() -> list[dict[str, Any]]:
            async with QueueServiceClient.from_connection_string(self.settings.storage) as queues:
                client = queues.get_queue_client(queue)
                if queue not in [one.name async for one in queues.list_queues()]:
                    return []
                found = [one async for one in client.receive_messages(messages_per_page=32)]
                for one in found:
                    await client.delete_message(one)
                return [json.loads(one.content) for one in found]

        return self.run(read())

    def send(self, *messages: WakeMessage) -> None:
        async def main(store: Store) -> None:
            for message in messages:
                await store.send_wake(message)

        self.with_store(main)

    def rounds(self) -> Rounds:
        held = self.with_store(lambda store: store.rounds())
        assert held is not None
        return held.record


@pytest.fixture(scope="module")
def process(new_storage_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with GraphEmulator(generate(users=30, groups=12, seed=41)) as graph:
        deployment = deploy(graph, new_storage_account())
        asyncio.run(run_full_sync(deployment.settings))
        process = Process(deployment, tmp_path_factory.mktemp("snapshots"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(coalescing, "_LONGEST_PAUSE_S", -1.0)  # no pauses between rounds: tests have their own bursts
            process.round()
            yield process
        process.close()


def wake(*kinds: str, lane: Lane = Lane.DIRECTORY, cause: Cause = Cause.NOTIFICATION) -> WakeMessage:
    return WakeMessage(lane=lane, cause=cause, seen_at=utc_now(), kinds=kinds)


def encoded(message: WakeMessage) -> str:
    import msgspec

    return msgspec.json.encode(message).decode()


# --- each kind of change

CHANGES: dict[str, tuple[Callable[[Process], Any], set[str]]] = {
    "a user appears": (lambda one: one.tenant.create_user("Maria Nováková"), {"accounts"}),
    "a user moves": (lambda one: one.tenant.update_user(one.some("user"), {"department": "Space"}), {"accounts"}),
    "a manager changes": (lambda one: one.tenant.set_manager(one.some("user", 3), one.some("user", 4)), {"accounts"}),
    "a group appears": (lambda one: one.tenant.create_group("Explorers"), {"groups", "entitlements"}),
    "a member is added": (
        lambda one: one.tenant.add_member(one.tenant.create_group("Crew"), one.some("user", 5)),
        {"groups", "grants"},
    ),
    "an owner is added": (lambda one: one.tenant.add_owner(one.some("group", 1), one.some("user", 6)), {"grants"}),
    "a group is deleted": (lambda one: one.tenant.delete_group(one.some("group", -1)), {"groups", "grants"}),
    "an application appears": (lambda one: one.tenant.create_service_principal("Rover"), {"enterprise_applications"}),
    "an app role is assigned": (
        lambda one: one.tenant.assign_app_role(one.some("user", 7), one.tenant.create_service_principal("Dock")),
        {"grants"},
    ),
    "a role is assigned": (
        lambda one: one.tenant.assign_role(one.some("user", 9), "62e90394-69f5-4237-9190-012177145e10"),
        {"grants"},
    ),
    "a user is deleted": (lambda one: one.tenant.delete_user(one.some("user", 10)), {"accounts", "grants"}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_kind_of_change_is_journalled_once_and_the_state_is_the_truth(name: str, process: Process) -> None:
    change, tables = CHANGES[name]
    change(process)

    reports = process.round()

    assert tables <= {one.table for one in process.journal(reports)}
    assert [report.segments for report in process.round()] == [[], []], "what is known is not journalled again"
    assert process.untruths() == []


# --- many messages, few rounds


def test_one_round_takes_along_everything_that_is_queued_for_its_lane(process: Process) -> None:
    process.messages()
    user = process.tenant.create_user("Burst")
    process.send(*(wake("users", "groups") for _ in range(70)), wake(lane=Lane.APPLICATIONS))
    before = process.rounds()

    report = process.take(wake("users"))

    assert report is not None
    assert {"users", "groups"} <= set(report.followed), "what came along is looked at, too"
    assert user in {one.key[0] for one in process.journal([report]) if one.table == "accounts"}
    assert {one.cause for one in report.segments} == {Cause.NOTIFICATION}
    assert process.rounds().rounds == before.rounds + 1
    assert process.rounds().notified_at is not None
    assert [message["lane"] for message in process.messages()] == ["applications"], "nothing else is left, or lost"


def test_messages_that_come_while_a_round_runs_share_the_next(process: Process) -> None:
    before = process.rounds().rounds

    async def burst() -> list[Report | None]:
        takes = [process.follower.take_message(process.settings, encoded(wake("users")), delivery=1) for _ in range(25)]
        return await asyncio.gather(*takes)

    reports = process.run(burst())

    assert all(report is not None and "users" in report.followed for report in reports)
    assert process.rounds().rounds <= before + 2


def test_what_nobody_understands_is_put_aside(process: Process, caplog: pytest.LogCaptureFixture) -> None:
    assert process.take('{"lane": "kitchen"}') is None
    assert process.messages(CHANGES_QUEUE + POISON_SUFFIX) == [{"lane": "kitchen"}]
    assert "message_put_aside" in caplog.text


def test_a_message_that_is_delivered_again_looks_at_everything(process: Process) -> None:
    """Its first delivery may have taken others along, and died: what they asked for is not known any more."""
    report = process.take(wake("users"), delivery=2)

    assert report is not None
    assert {"users", "groups", "servicePrincipals", "directoryRoles"} <= set(report.followed)


# --- two at once


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


# --- what Graph and storage do


def test_what_graph_wants_to_be_asked_later_is_asked_later(process: Process) -> None:
    process.messages()
    process.tenant.create_user("Patience")
    process.deployment.graph.fail(Fault(path=r"/users/delta", status=429, retry_after=3, times=1))

    report = process.take(wake("users", "groups"), step_budget=1)

    assert report is not None
    assert report.followed == ("groups",)
    [again] = report.again
    assert (again.ask.kinds, again.after) == (frozenset({"users"}), 3)
    assert report.problems == {}
    process.round()
    assert process.untruths() == []


def test_a_timer_alone_keeps_the_picture_right(process: Process) -> None:
    """No subscription is known, so every tick asks for everything that has delta."""
    process.messages()
    process.tenant.create_user("Seen by the clock")

    lanes = process.run(wake_what_is_due(process.settings))
    [message] = [one for one in process.messages() if one["lane"] == "directory"]
    report = process.take(json.dumps(message))

    assert Lane.DIRECTORY in lanes
    assert report is not None
    assert {one.cause for one in report.segments} == {Cause.DELTA}
    assert process.untruths() == []


def test_others_are_told_of_every_segment(process: Process) -> None:
    process.take(wake("users"))
    while process.messages(TOLD):
        pass
    process.tenant.create_user("Told")

    report = process.take(wake("users"))

    assert report is not None
    [told] = process.messages(TOLD)
    [ref] = report.segments
    assert (told["first"], told["last"], told["cause"]) == (ref.first, ref.last, "notification")
    assert told["tables"]["accounts"] == {"added": 1, "removed": 0, "changed": 0}


# --- when rounds cannot go on alone; the last of these leaves the state damaged


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
