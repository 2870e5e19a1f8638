"""Ends that the connector keeps are kept: whatever clocks say, whoever wakes up late, and however long Graph is away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.graph.errors import GraphUnreachable
from connector.provisioning.contract import Later, Task
from connector.provisioning.working import settling, worker
from connector.provisioning.working.context import Work
from connector.provisioning.working.desk import Desk
from connector.provisioning.working.expiring import revoke_what_ends
from connector.provisioning.working.limits import MOST_ATTEMPTS
from connector.provisioning.working.moments import Moment
from connector.settings import Settings
from connector.storage import Store
from connector.storage.leases import LeaseLost
from connector.storage.names import line_name
from connector.storage.records import Action, EventKind, Expiry, Result, Status
from tests.support.fake_kind import Tenant
from tests.support.operations import ask, everything, group, in_deployment, person, wanted

LINE = line_name(group())


def soon(**delta: float) -> datetime:
    return datetime.now(UTC) + timedelta(**delta)


async def work(tenant: Tenant, store: Store, settings: Settings) -> datetime | None:
    return await tenant.provisioner().work_on(store, settings, LINE)


async def ends(store: Store) -> list[tuple[str, datetime]]:
    held = await store.operations.line(LINE)
    return [(end.principal_id, end.expires_at) for end in held.record.expiries] if held else []


def test_thousands_that_end_at_the_same_second_are_revoked_each(storage_account: str) -> None:
    """Of two ids that begin their hashes alike, as they do among some ten thousands, each has a revoke of its own."""
    alike = ("20261123T073849035631Z-1a2b3c4d-0001-001", "20261123T073849040177Z-1a2b3c4d-0001-001")

    async def test(store: Store, settings: Settings) -> None:
        at = datetime(2031, 1, 1, tzinfo=UTC)
        await ask(store.operations, settings, wanted())  # so that there is a line
        desk = await Desk.open(store.operations, LINE)
        assert desk is not None
        due = [Expiry(principal_id=person(number), expires_at=at, operation_id=id_) for number, id_ in enumerate(alike)]
        await revoke_what_ends(store.operations, desk, due, Moment(at, "w"))

        revokes = [one for one in await everything(store) if one.wanted.action is Action.REVOKE]
        assert {one.by: one.wanted.principal for one in revokes} == {end.operation_id: end.principal_id for end in due}
        assert all(one.id.startswith("20310101T000000") for one in revokes)

    in_deployment(storage_account, test)


def test_a_clock_that_was_ahead_does_not_hide_a_younger_grant(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant, end = Tenant(held={(group(), person())}), soon(minutes=10)
        tenant.answers["examine", person(2)] = [Later(3600, "It waits, and its bundle stays in the line.")]
        tenant.later = timedelta(minutes=2)
        await ask(store.operations, settings, wanted("revoke"), wanted(principal=person(2)))
        await work(tenant, store, settings)

        tenant.later = timedelta()
        await ask(store.operations, settings, wanted(expires_at=end))
        await work(tenant, store, settings)
        assert await ends(store) == [(person(), end)]

    in_deployment(storage_account, test)


def test_whoever_wakes_up_late_does_not_take_a_younger_end_away(
    storage_account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_ends = settling._keep_ends
    asleep, wake = asyncio.Event(), asyncio.Event()

    async def stopped_before_it(working: Work, desk: Desk) -> None:
        if any(one.wanted.action is Action.REVOKE and one.status is Status.SUCCEEDED for one in desk.ordered()):
            monkeypatch.setattr(settling, "_keep_ends", keep_ends)
            asleep.set()
            await wake.wait()
            monkeypatch.setattr(working.lease, "_until", float("-inf"))  # a minute has passed
        await keep_ends(working, desk)

    async def test(store: Store, settings: Settings) -> None:
        tenant, end = Tenant(), soon(minutes=20)
        await ask(store.operations, settings, wanted(expires_at=soon(minutes=10)))
        await work(tenant, store, settings)
        await ask(store.operations, settings, wanted("revoke"))
        monkeypatch.setattr(settling, "_keep_ends", stopped_before_it)
        stopped = asyncio.create_task(work(tenant, store, settings))
        await asleep.wait()

        await _break_lease(store)
        await ask(store.operations, settings, wanted(expires_at=end))
        await work(tenant, store, settings)
        assert await ends(store) == [(person(), end)]
        wake.set()
        with pytest.raises(LeaseLost):
            await stopped
        assert await ends(store) == [(person(), end)]

    in_deployment(storage_account, test)


def test_an_end_outlives_hours_without_graph(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant()
        await ask(store.operations, settings, wanted(expires_at=soon(minutes=1)))
        due = await work(tenant, store, settings)

        def gone(step: str, _tasks: Sequence[Task]) -> Any:
            if step == "examine":
                raise GraphUnreachable("graph.microsoft.com", "no route")

        tenant.before = gone
        for _ in range(2 * MOST_ATTEMPTS):
            assert due is not None
            tenant.wait_until(due)
            due = await work(tenant, store, settings)
        assert due is not None
        tenant.before = lambda _step, _tasks: None
        tenant.wait_until(due)
        await work(tenant, store, settings)

        revoke = next(one for one in await everything(store) if one.wanted.action is Action.REVOKE)
        assert (revoke.status, revoke.result) == (Status.SUCCEEDED, Result.REVOKED)
        assert not tenant.held

    in_deployment(storage_account, test)


async def _break_lease(store: Store) -> None:
    from azure.storage.blob.aio import BlobLeaseClient

    blob = store._blobs._client.get_blob_client(store._names.lease(f"line-{LINE}"))
    await BlobLeaseClient(blob).break_lease(0)


def test_of_many_that_end_together_some_go_at_a_time_and_all_in_the_end(
    storage_account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MOST_AT_ONCE", 3)

    async def test(store: Store, settings: Settings) -> None:
        tenant, end, many = Tenant(), soon(minutes=1), range(1, 8)
        sizes: list[int] = []
        tenant.before = lambda step, tasks: sizes.append(len(tasks)) if step == "examine" else None
        grants = await ask(
            store.operations, settings, *(wanted(principal=person(number), expires_at=end) for number in many)
        )
        await work(tenant, store, settings)
        tenant.wait_until(end)
        sizes.clear()
        await work(tenant, store, settings)

        assert sizes == [3, 3, 1]
        assert not tenant.held
        assert await store.operations.line(LINE) is None
        everyone = await everything(store)
        revokes = {one.by: one.id for one in everyone if one.wanted.action is Action.REVOKE}
        told = {
            one.id: event.facts["operation"]
            for one in everyone
            for event in one.events
            if event.kind is EventKind.EXPIRED
        }
        assert told == revokes
        assert set(revokes) == {one.id for one in grants.operations}

    in_deployment(storage_account, test)
