"""Effects of operations are in the journal at once, or left to rounds and full syncs with the reason said."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from azure.storage.queue.aio import QueueServiceClient

from connector.incremental.facts import Reading
from connector.incremental.operations import MOST_NAMED, Journalled, Journalling, journal_effects
from connector.incremental.service import Follower
from connector.storage import Store, open_store
from connector.storage.records import Cause
from connector.sync.local import run_full_sync
from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate
from tests.support.deployments import deploy
from tests.support.effects import TOLD, USER_ADMINISTRATOR, Worker, joined, left


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
