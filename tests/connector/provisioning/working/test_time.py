"""Starts and ends that Graph cannot keep, and lines that keep time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.provisioning.provisioner import look_after_lines
from connector.settings import Settings
from connector.storage import Store
from connector.storage.names import line_name
from connector.storage.records import Action, EventKind, Line, Operation, Result, Status
from tests.support.dying import DyingStore, Killed
from tests.support.fake_kind import Tenant
from tests.support.operations import ask, everything, group, in_deployment, person, wanted

LINE = line_name(group())
FAR = timedelta(days=30)
SOON = timedelta(hours=1)


def soon(delta: timedelta = SOON) -> datetime:
    return datetime.now(UTC) + delta


async def work(tenant: Tenant, store: Store, settings: Settings) -> datetime | None:
    return await tenant.provisioner().work_on(store, settings, LINE)


async def line(store: Store) -> Line:
    held = await store.operations.line(LINE)
    assert held is not None
    return held.record


def kinds(one: Operation) -> list[EventKind]:
    return [event.kind for event in one.events]


def test_a_start_is_kept(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant, start = Tenant(), soon()
        await ask(store.operations, settings, wanted(starts_at=start))
        assert await work(tenant, store, settings) == start
        (one,) = await everything(store)
        assert (one.status, one.not_before) == (Status.SCHEDULED, start)
        assert not tenant.written

        tenant.wait_until(start)
        await work(tenant, store, settings)
        (one,) = await everything(store)
        assert (one.status, one.result) == (Status.SUCCEEDED, Result.GRANTED)

    in_deployment(storage_account, test)


def test_what_is_scheduled_is_in_nobodys_way(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant()
        tenant.held.add((group(), person()))
        await ask(store.operations, settings, wanted(starts_at=soon(FAR)), wanted("revoke"))
        await work(tenant, store, settings)

        assert [one.status for one in await everything(store)] == [Status.SCHEDULED, Status.SUCCEEDED]
        assert not tenant.held

    in_deployment(storage_account, test)


def test_a_kind_that_keeps_time_gets_starts_and_ends_itself(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant(keeps_time=True)
        await ask(store.operations, settings, wanted(starts_at=soon(FAR), expires_at=soon(2 * FAR)))
        await work(tenant, store, settings)
        (one,) = await everything(store)

        assert one.status is Status.SUCCEEDED
        assert await store.operations.line(LINE) is None

    in_deployment(storage_account, test)


def test_an_end_is_kept_and_carried_out(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant, end = Tenant(), soon()
        accepted = await ask(store.operations, settings, wanted(expires_at=end, ticket="T-1"))
        assert await work(tenant, store, settings) == end
        assert EventKind.EXPIRY_KEPT in kinds((await everything(store))[0])
        assert tenant.held

        tenant.wait_until(end)
        await work(tenant, store, settings)
        grant, revoke = sorted(await everything(store), key=lambda one: one.accepted_at)
        assert not tenant.held
        assert (revoke.status, revoke.result, revoke.by) == (Status.SUCCEEDED, Result.REVOKED, grant.id)
        assert (revoke.requester.kind, revoke.wanted.ticket) == ("connector", "T-1")
        assert grant.id == accepted.operations[0].id
        assert grant.status is Status.SUCCEEDED
        assert grant.events[-1].kind is EventKind.EXPIRED
        assert grant.events[-1].facts == {"operation": revoke.id}
        assert f"{grant.id} expired" in tenant.audited
        assert await store.operations.line(LINE) is None

    in_deployment(storage_account, test)


@pytest.mark.parametrize(
    ("later", "left"),
    [
        pytest.param(wanted(), [], id="granted for good"),
        pytest.param(wanted("revoke"), [], id="revoked"),
        pytest.param(wanted(dry_run=True), ["1"], id="a dry run"),
        pytest.param(wanted(principal=person(2)), ["1"], id="somebody else"),
        pytest.param(wanted(expires_at=datetime(2998, 1, 1, tzinfo=UTC)), ["2"], id="granted with another end"),
    ],
)
def test_a_later_operation_on_the_pair_replaces_or_removes_the_end(
    storage_account: str, later: Any, left: list[str]
) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant()
        ids = {"1": "", "2": ""}
        for number, one in (("1", wanted(expires_at=datetime(2999, 1, 1, tzinfo=UTC))), ("2", later)):
            ids[number] = (await ask(store.operations, settings, one)).operations[0].id
            await work(tenant, store, settings)
        held = await store.operations.line(LINE)

        assert [end.operation_id for end in held.record.expiries] == [ids[one] for one in left] if held else not left

    in_deployment(storage_account, test)


def test_a_grant_of_what_is_held_with_another_end_says_that_it_is_updated(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant()
        end = datetime(2999, 1, 1, tzinfo=UTC)
        for one in (wanted(), wanted(expires_at=end, dry_run=True), wanted(expires_at=end), wanted(expires_at=end)):
            await ask(store.operations, settings, one)
            await work(tenant, store, settings)

        assert sorted(str(one.result) for one in await everything(store)) == sorted(
            ["granted", "would_update", "updated", "already_granted"]
        )
        assert len(tenant.written) == 1

    in_deployment(storage_account, test)


@pytest.mark.parametrize("after", [False, True])
def test_an_end_is_carried_out_once_wherever_it_is_interrupted(storage_account: str, after: bool) -> None:
    died = 0

    async def test(store: Store, settings: Settings) -> None:
        nonlocal died
        for at in range(1, 8):
            tenant, number = Tenant(), at
            name, end = line_name(group(number)), soon()
            grant = (
                await ask(store.operations, settings, wanted(entitlement=group(number), expires_at=end))
            ).operations[0]
            await tenant.provisioner().work_on(store, settings, name)
            tenant.wait_until(end)
            dying: Any = DyingStore(store, at, after=after)
            try:
                await tenant.provisioner().work_on(dying, settings, name)
            except Killed:
                died += 1
            await tenant.provisioner().work_on(store, settings, name)
            mine = [one for one in await everything(store) if one.wanted.entitlement == group(number)]
            (revoke,) = (one for one in mine if one.wanted.action is Action.REVOKE)
            (told,) = (one for one in mine if one.id == grant.id)

            assert (revoke.status, revoke.result) == (Status.SUCCEEDED, Result.REVOKED), f"write {at}"
            assert kinds(told).count(EventKind.EXPIRED) == 1
            assert not tenant.held
            assert await store.operations.line(name) is None

    in_deployment(storage_account, test)
    assert died == 7


def test_an_end_waits_for_what_is_open_on_the_pair(storage_account: str) -> None:
    """A grant for good was asked for before the end came, and waits: it removes the end, rather than being revoked by it."""
    from connector.provisioning.contract import Later

    async def test(store: Store, settings: Settings) -> None:
        tenant, end = Tenant(), soon()
        await ask(store.operations, settings, wanted(expires_at=end))
        await work(tenant, store, settings)
        tenant.answers["examine", person()] = [Later(SOON.total_seconds(), "Graph is busy.")]
        await ask(store.operations, settings, wanted())
        due = await work(tenant, store, settings)
        tenant.wait_until(end)
        await work(tenant, store, settings)
        assert len(await everything(store)) == 2
        assert due is not None
        tenant.wait_until(max(due, tenant.now() + SOON))
        await work(tenant, store, settings)

        assert [one.status for one in await everything(store)] == [Status.SUCCEEDED, Status.SUCCEEDED]
        assert tenant.held
        assert await store.operations.line(LINE) is None

    in_deployment(storage_account, test)


def test_a_timer_wakes_lines_that_are_due_and_no_others(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant()
        start = soon(timedelta(minutes=30))
        await ask(
            store.operations, settings, wanted(entitlement=group(1)), wanted(entitlement=group(2), starts_at=start)
        )
        await tenant.provisioner().work_on(store, settings, line_name(group(2)))
        now = datetime.now(UTC)

        assert await look_after_lines(store, now) == 0  # their messages may still come
        assert await look_after_lines(store, now + timedelta(minutes=1)) == 1
        assert await look_after_lines(store, start + timedelta(minutes=1)) == 2

    in_deployment(storage_account, test)
