"""Effects of operations are in the journal at once, and rounds that come before, meanwhile or afterwards neither repeat nor undo them."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from azure.storage.queue.aio import QueueServiceClient

from connector.graph.session import GraphSession
from connector.incremental import round as round_module
from connector.incremental import tracking
from connector.incremental.facts import Reading, Row
from connector.incremental.operations import MOST_NAMED, Journalled, Journalling, journal_effects
from connector.incremental.service import Follower, run_round
from connector.journal.states import read_segments
from connector.storage import Current, Held, Store, open_store
from connector.storage.journal import Segment
from connector.storage.records import Cause, Lane
from connector.sync.local import run_full_sync
from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate
from tests.support.deployments import Deployment, deploy

T = TypeVar("T")
TOLD = "told-of-operations"
USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"
ROLE_TABLES = ("role_assignments", "role_assignment_instances", "role_eligibility_instances")


class Worker:
    """A deployment of which a full sync has been published, and a process that works on operations and rounds."""

    def __init__(self, deployment: Deployment, folder: Path) -> None:
        self.deployment = deployment
        self.settings = dataclasses.replace(deployment.settings, changes_output_queue=TOLD)
        self.folder = folder
        self.runner = asyncio.Runner()
        self.follower = self.run(self._follower)

    async def _follower(self) -> Follower:
        return Follower()

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        async def main() -> T:
            return await work()

        return self.runner.run(main())

    def close(self) -> None:
        self.run(self.follower.close)
        self.runner.close()

    @property
    def tenant(self) -> Any:
        return self.deployment.graph.tenant

    async def in_force(self) -> Held[Current]:
        async with open_store(self.settings) as store:
            held = await store.current()
            assert held
            return held

    async def journalled(
        self, reading: Reading, *, since: Held[Current] | None = None, by: Sequence[str] = ("op-1",), **options: Any
    ) -> Journalled:
        since = since or await self.in_force()
        async with open_store(self.settings) as store:
            settings = options.pop("settings", self.settings)
            follower = options.pop("follower", self.follower)
            return await journal_effects(follower, store, settings, reading, by, since=since, **options)

    def journal(self, reading: Reading, **options: Any) -> Journalled:
        return self.run(lambda: self.journalled(reading, **options))

    def segment(self, journalled: Journalled) -> Segment:
        async def read() -> Segment:
            assert journalled.segment
            async with open_store(self.settings) as store:
                return (await read_segments(store, [journalled.segment], facts=True))[0]

        return self.run(read)

    def round(self, *kinds: str) -> list[Any]:
        return self.run(lambda: run_round(self.settings, Lane.DIRECTORY, kinds, follower=self.follower))

    def found_nothing(self) -> bool:
        return all(not report.segments for report in self.round())

    def untruths(self) -> list[str]:
        return self.deployment.untruths(self.run(lambda: self.deployment.read_state(self.folder)))

    async def listed(self, principal: str) -> Reading:
        """What Graph lists of the roles of a principal now, as rows of fact tables."""
        async with open_store(self.settings) as store, GraphSession(self.settings) as session:
            known = await self.follower.replica.known(store, (await self.in_force()).record)
            found = await tracking.compare(session, self.settings, "role_assignments", known)
        rows = {
            name: [row for row in found.rows.get(name, ()) if row["principal_id"] == principal] for name in ROLE_TABLES
        }
        return Reading(rows={name: listed for name, listed in rows.items() if listed})

    def roles_of(self, principal: str) -> Reading:
        return self.run(lambda: self.listed(principal))


@pytest.fixture(scope="module")
def worker(new_storage_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    with GraphEmulator(generate(users=12, groups=6, seed=51)) as graph:
        deployment = deploy(graph, new_storage_account())
        asyncio.run(run_full_sync(deployment.settings))
        made = Worker(deployment, tmp_path_factory.mktemp("snapshots"))
        made.round()
        yield made
        made.close()


@pytest.fixture
def crew(worker: Worker) -> tuple[str, str]:
    """A group that holds a role, and somebody who is in no group; both are known."""
    group = worker.tenant.create_group("Crew", role_assignable=True)
    worker.tenant.assign_role(group, USER_ADMINISTRATOR)
    user = worker.tenant.create_user("Ada Able", properties={"userPrincipalName": f"{group}@contoso.onmicrosoft.com"})
    worker.round()
    return group, user


def joined(group: str, *principals: str, kind: str = "account", relation: str = "member") -> Reading:
    rows: list[Row] = [
        {"group_id": group, "relation": relation, "principal_kind": kind, "principal_id": principal}
        for principal in principals
    ]
    return Reading(rows={"memberships": rows})


def left(group: str, principal: str) -> Reading:
    return Reading(gone={"memberships": [(group, "member", principal)]})


# --- what it is for


def test_a_member_has_at_once_what_the_group_has_and_rounds_find_nothing_new(worker: Worker, crew: Any) -> None:
    group, user = crew
    worker.tenant.add_member(group, user)

    done = worker.journal(joined(group, user), by=["op-7"])

    assert done.outcome is Journalling.COMMITTED
    assert worker.untruths() == [], "members, counts and the inherited role, before any round"
    told = worker.segment(done)
    assert (told.head.cause, told.head.operations) == (Cause.OPERATION, ("op-7",))
    assert {"groups", "grants", "inherited_grants"} <= {change.table for change in told.changes}
    assert worker.found_nothing(), "delta tells the same"
    assert worker.journal(joined(group, user)).outcome is Journalling.KNOWN


def test_a_nested_group_brings_everybody_who_is_in_it_and_takes_them_along(worker: Worker) -> None:
    outer, inner = worker.tenant.create_group("Outer"), worker.tenant.create_group("Inner")
    users = [worker.tenant.create_user(f"Nested {number}") for number in range(2)]
    for user in users:
        worker.tenant.add_member(inner, user)
    worker.round()

    worker.tenant.add_member(outer, inner)
    assert worker.journal(joined(outer, inner, kind="group")).outcome is Journalling.COMMITTED
    assert worker.untruths() == []

    worker.tenant.remove_member(outer, inner)
    assert worker.journal(left(outer, inner)).outcome is Journalling.COMMITTED
    assert worker.untruths() == []
    assert worker.found_nothing()


def test_a_role_is_held_at_once_and_taken_away_at_once(worker: Worker) -> None:
    user = worker.tenant.create_user("Roland")
    worker.round()
    worker.tenant.assign_role(user, USER_ADMINISTRATOR)

    granted = worker.roles_of(user)
    assert worker.journal(granted).outcome is Journalling.COMMITTED
    assert worker.untruths() == []
    assert not worker.round("role_assignments")[0].segments, "the list tells the same"

    [assignment] = granted.rows["role_assignments"]
    worker.tenant.remove_role_assignment(assignment["id"])
    gone = Reading(gone={name: [(row["id"],) for row in rows] for name, rows in granted.rows.items()})
    assert worker.journal(gone).outcome is Journalling.COMMITTED
    assert worker.untruths() == []
    assert not worker.round("role_assignments")[0].segments


def test_a_role_that_is_limited_to_something_without_a_known_name_is_left_to_rounds(worker: Worker) -> None:
    """Names are read with new assignments only: one that is known already would stay without."""
    user, unit = worker.tenant.create_user("Una"), worker.tenant.create_administrative_unit("Unit 9")
    worker.round()
    worker.tenant.assign_role(user, USER_ADMINISTRATOR, scope=f"/administrativeUnits/{unit}")
    granted = worker.roles_of(user)

    assert worker.journal(granted).outcome is Journalling.KNOWN
    named = {"id": f"/administrativeUnits/{unit}", "kind": "administrative_unit", "name": "Unit 9"}
    assert worker.journal(Reading(rows={**granted.rows, "scopes": [named]})).outcome is Journalling.COMMITTED
    assert worker.untruths() == []
    assert not worker.round("role_assignments")[0].segments


def test_of_very_many_operations_the_segment_names_the_bundles(worker: Worker, crew: Any) -> None:
    group, user = crew
    worker.tenant.add_member(group, user)

    done = worker.journal(joined(group, user), by=[f"b-{number % 2}-{number:03d}" for number in range(MOST_NAMED + 1)])

    assert worker.segment(done).head.operations == ("b-0", "b-1")


def test_other_systems_are_told(worker: Worker, crew: Any) -> None:
    group, user = crew

    async def messages() -> list[Any]:
        async with QueueServiceClient.from_connection_string(worker.settings.storage) as queues:
            client = queues.get_queue_client(TOLD)
            found = [one async for one in client.receive_messages(messages_per_page=32)]
            for one in found:
                await client.delete_message(one)
            return found

    worker.run(messages)
    worker.tenant.add_member(group, user)
    worker.journal(joined(group, user))

    [message] = worker.run(messages)
    assert '"cause":"operation"' in message.content


# --- rounds before, meanwhile and afterwards


def test_what_a_round_has_told_already_is_known(worker: Worker, crew: Any) -> None:
    group, user = crew
    since = worker.run(worker.in_force)
    worker.tenant.add_member(group, user)
    worker.round()

    done = worker.journal(joined(group, user), since=since)

    assert done.outcome is Journalling.KNOWN
    assert worker.untruths() == []


def test_what_somebody_else_has_undone_since_it_was_seen_is_not_brought_back(worker: Worker, crew: Any) -> None:
    """Its cursor has moved on: no later delta would tell that it is gone."""
    group, user = crew
    since = worker.run(worker.in_force)
    worker.tenant.add_member(group, user)
    seen = joined(group, user)
    worker.tenant.remove_member(group, user)
    worker.round()
    worker.tenant.update_user(user, {"department": "Elsewhere"})
    worker.round()

    done = worker.journal(seen, since=since)

    assert (done.outcome, done.settled) == (Journalling.STALE, False)
    assert worker.journal(left(group, user)).outcome is Journalling.KNOWN, "seen again, as it is now"
    assert worker.untruths() == []


def test_a_list_of_roles_that_was_put_in_force_since_is_younger(worker: Worker) -> None:
    user = worker.tenant.create_user("Rose")
    worker.round()
    since = worker.run(worker.in_force)
    worker.tenant.assign_role(user, USER_ADMINISTRATOR)
    seen = worker.roles_of(user)
    worker.tenant.remove_role_assignment(seen.rows["role_assignments"][0]["id"])
    worker.tenant.assign_role(worker.tenant.create_user("Somebody else"), USER_ADMINISTRATOR)
    worker.round()
    worker.round("role_assignments")

    assert worker.journal(seen, since=since).outcome is Journalling.STALE
    assert worker.untruths() == []


@pytest.mark.parametrize("granted", [True, False], ids=["granted", "revoked"])
def test_a_delta_that_was_read_before_takes_nothing_back(
    worker: Worker, crew: Any, monkeypatch: pytest.MonkeyPatch, granted: bool
) -> None:
    """The round has read what somebody else did; then operations do the opposite, and are in the journal first."""
    group, user = crew
    tenant, reading = worker.tenant, {True: joined(group, user), False: left(group, user)}
    tenant.add_member(group, user)
    worker.round()
    tenant.remove_member(group, user)
    if not granted:
        tenant.add_member(group, user)
    done: list[Journalled] = []
    real = tracking.read_deltas

    async def overtaken(*args: Any, **options: Any) -> Any:
        read = await real(*args, **options)
        for wanted in () if done else (False, True)[: 1 + granted]:
            if wanted:
                tenant.add_member(group, user)
            elif not granted:
                tenant.remove_member(group, user)
            done.append(await worker.journalled(reading[wanted]))
        return read

    monkeypatch.setattr(round_module, "read_deltas", overtaken)
    [report] = worker.round("groups")

    assert {one.outcome for one in done} == {Journalling.COMMITTED}
    assert report.segments == []
    assert [again.ask.kinds for again in report.again] == [{"groups"}], "nobody knows what is younger: it is read again"
    assert worker.untruths() == []
    assert worker.found_nothing()


def test_a_list_that_was_read_before_takes_nothing_back(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    user = worker.tenant.create_user("Rita")
    worker.round()
    done: list[Journalled] = []
    real = tracking.compare

    async def overtaken(*args: Any) -> Any:
        read = await real(*args)
        if not done:
            worker.tenant.assign_role(user, USER_ADMINISTRATOR)
            done.append(await worker.journalled(await worker.listed(user)))
        return read

    monkeypatch.setattr(round_module, "compare", overtaken)
    worker.round("role_assignments")

    assert done[0].outcome is Journalling.COMMITTED
    assert worker.untruths() == []


def test_many_workers_and_rounds_at_once_lose_nothing(worker: Worker) -> None:
    groups = [worker.tenant.create_group(f"Team {number}") for number in range(3)]
    users = [worker.tenant.create_user(f"Busy {number}") for number in range(2)]
    worker.round()

    async def operate(group: str, follower: Follower) -> list[Journalled]:
        done = []
        for user in users:
            since = await worker.in_force()
            worker.tenant.add_member(group, user)
            done.append(await worker.journalled(joined(group, user), since=since, follower=follower))
        return done

    async def rounds() -> None:
        for _ in range(2):
            await run_round(worker.settings, Lane.DIRECTORY, ["groups"], follower=worker.follower)

    async def everybody() -> list[Any]:
        other = Follower()
        try:
            work = [operate(group, (worker.follower, other)[number % 2]) for number, group in enumerate(groups)]
            return await asyncio.gather(*work, rounds())
        finally:
            await other.close()

    outcomes = [one.outcome for done in worker.run(everybody) for one in done or ()]

    assert len(outcomes) == 6
    assert Journalling.LEFT not in outcomes
    worker.round()
    assert worker.untruths() == []


def test_an_effect_on_what_has_been_deleted_since_is_dropped(worker: Worker, crew: Any) -> None:
    group, user = crew
    worker.tenant.delete_user(user)
    worker.round()

    assert worker.journal(joined(group, user)).outcome is Journalling.KNOWN
    assert worker.untruths() == []


# --- where there is nothing to go on from


def test_other_settings_leave_it_to_the_next_full_sync(worker: Worker, crew: Any) -> None:
    group, user = crew
    before = worker.run(worker.in_force)

    done = worker.journal(joined(group, user), settings=dataclasses.replace(worker.settings, skip_ad_groups=True))

    assert done.outcome is Journalling.LEFT
    assert done.settled
    assert "SKIP_AD_GROUPS" in done.why
    assert worker.run(worker.in_force) == before


def test_a_damaged_journal_leaves_it_to_the_next_full_sync(worker: Worker, crew: Any) -> None:
    group, user = crew

    async def test() -> Journalled:
        async with open_store(worker.settings) as store:
            held = await store.current()
            assert held
            damaged: Any = _Damaged(store)
            other = Follower()
            try:
                return await journal_effects(other, damaged, worker.settings, joined(group, user), ["op"], since=held)
            finally:
                await other.close()

    done = worker.run(test)

    assert done.outcome is Journalling.LEFT
    assert "damaged" in done.why


class _Damaged:
    """A store of which a segment is missing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def segment(self, ref: Any, **_: Any) -> Any:
        from connector.storage.errors import BlobMissing

        raise BlobMissing(self._store.segment_name(ref))


def test_before_the_first_snapshot_it_is_left_to_that(worker: Worker, storage_account: str) -> None:
    empty = deploy(worker.deployment.graph, storage_account)

    async def test() -> Journalled:
        async with open_store(empty.settings) as store:
            return await journal_effects(worker.follower, store, empty.settings, Reading(), ["op"], since=None)

    done = worker.run(test)

    assert (done.outcome, done.settled) == (Journalling.LEFT, True)
    assert "No full sync" in done.why


def test_a_snapshot_that_was_published_since_may_have_read_later(worker: Worker, crew: Any) -> None:
    group, user = crew

    async def test() -> Journalled:
        async with open_store(worker.settings) as store:
            return await journal_effects(
                worker.follower, store, worker.settings, joined(group, user), ["op"], since=None
            )

    assert worker.run(test).outcome is Journalling.STALE


# --- switches


def test_groups_that_are_skipped_are_skipped_here_too(new_storage_account: Callable[[], str], tmp_path: Path) -> None:
    with GraphEmulator(generate(users=6, groups=4, seed=52)) as graph:
        deployment = deploy(graph, new_storage_account(), {"SKIP_AD_GROUPS": "true", "SKIP_UNASSIGNED_APPS": "true"})
        synced = graph.tenant.create_group("Synced", synced=True)
        kept, user = graph.tenant.create_group("Kept"), graph.tenant.create_user("Sky Ipped")
        application = graph.tenant.create_service_principal("Unassigned")
        asyncio.run(run_full_sync(deployment.settings))
        worker = Worker(deployment, tmp_path)
        try:
            worker.round()
            graph.tenant.add_member(kept, application)
            graph.tenant.add_member(kept, user)
            graph.tenant.add_member(synced, user, as_system=True)

            both = joined(kept, user).rows["memberships"] + joined(synced, user).rows["memberships"]
            both += joined(kept, application, kind="service_principal").rows["memberships"]
            done = worker.journal(Reading(rows={"memberships": both}))

            assert {fact.key[0] for fact in worker.segment(done).facts} == {kept}
            assert worker.untruths() == [], "an application that holds something is no longer left out"
            assert worker.found_nothing()
        finally:
            worker.close()
