"""Whoever is at work may die at any write, or right after it: the next one finishes, and nothing is done twice or left out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.provisioning.contract import Task
from connector.settings import Settings
from connector.storage import Store
from connector.storage.names import line_name
from connector.storage.records import Result, Status
from tests.support.dying import DyingStore, Killed
from tests.support.fake_kind import Tenant
from tests.support.operations import ask, everything, group, in_deployment, person, wanted

SOON = timedelta(minutes=20)


async def finish(tenant: Tenant, store: Store, settings: Settings, number: int = 1) -> None:
    """What redeliveries and the timer bring about, in a new process."""
    provisioner = tenant.provisioner()
    while (due := await provisioner.work_on(store, settings, line_name(group(number)))) is not None:
        if due - tenant.now() > SOON:
            return
        tenant.wait_until(due)


@pytest.mark.parametrize("after", [False, True])
def test_a_worker_that_dies_at_any_write_is_followed_by_one_that_finishes(storage_account: str, after: bool) -> None:
    died = 0

    async def test(store: Store, settings: Settings) -> None:
        nonlocal died
        for at in range(1, 12):
            tenant, number = Tenant(), at
            tenant.held.add((group(number), person(2)))
            asked = (wanted(principal=person(1)), wanted("revoke", principal=person(2)), wanted(principal=person(2)))
            mine = [
                wanted(one.action.value, group(number), one.principal, expires_at=datetime(2999, 1, 1, tzinfo=UTC))
                for one in asked
            ]
            accepted = await ask(store.operations, settings, *mine)
            dying: Any = DyingStore(store, at, after=after)
            try:
                await tenant.provisioner().work_on(dying, settings, line_name(group(number)))
            except Killed:
                died += 1
            else:
                return
            await finish(tenant, store, settings, number)
            held = await store.operations.bundle(accepted.operations[0].id.rpartition("-")[0])
            assert held is not None
            found = held.record.operations
            assert [one.result for one in found] == [Result.GRANTED, Result.REVOKED, Result.GRANTED], f"write {at}"
            assert all(one.journalled and one.audited == len(one.events) for one in found)
            assert tenant.held == {(group(number), person(1)), (group(number), person(2))}
            assert len(tenant.written) == 3
            line = await store.operations.line(line_name(group(number)))
            assert line is not None
            assert not line.record.places
            assert {end.principal_id: end.operation_id for end in line.record.expiries} == {
                person(1): found[0].id,
                person(2): found[2].id,
            }

    in_deployment(storage_account, test)
    assert died >= 7


@pytest.mark.parametrize("step", ["before", "after"])
def test_a_worker_that_dies_around_a_write_to_graph_is_followed_by_one_that_looks(
    storage_account: str, step: str
) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant()

        def die(at: str, _tasks: Sequence[Task]) -> None:
            if at == "act":
                raise Killed

        setattr(tenant, step, die)
        await ask(store.operations, settings, wanted())
        with suppress(Killed):
            await tenant.provisioner().work_on(store, settings, line_name(group()))
        (one,) = await everything(store)
        assert (one.status, one.intended) == (Status.RUNNING, True)

        setattr(tenant, step, lambda _step, _tasks: None)
        await finish(tenant, store, settings)
        (one,) = await everything(store)
        assert (one.status, one.result) == (Status.SUCCEEDED, Result.GRANTED)
        assert len(tenant.written) == 1

    in_deployment(storage_account, test)


def test_what_brings_the_process_down_again_and_again_is_put_aside_alone(
    storage_account: str, caplog: pytest.LogCaptureFixture
) -> None:

    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant()

        def die(at: str, tasks: Sequence[Task]) -> None:
            if at == "act" and any(task.principal.id == person(2) for task in tasks):
                raise Killed

        tenant.before = die
        await ask(store.operations, settings, *(wanted(principal=person(number)) for number in (1, 2, 3)))
        deaths = 0
        for _ in range(10):
            try:
                await finish(tenant, store, settings)
                break
            except Killed:
                deaths += 1
        found = await everything(store)
        assert [one.status for one in found] == [Status.SUCCEEDED, Status.DEAD_LETTERED, Status.SUCCEEDED]
        assert deaths == 5
        assert found[1].problem is not None
        assert found[1].problem.code == "dead_lettered"

    in_deployment(storage_account, test)
    assert "operation_dead_lettered" in caplog.text


def test_what_fails_in_an_unforeseen_way_is_put_aside_alone(storage_account: str) -> None:

    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant()

        def fail(at: str, tasks: Sequence[Task]) -> None:
            if at == "examine" and any(task.principal.id == person(2) for task in tasks):
                raise KeyError("a secret")

        tenant.before = fail
        await ask(store.operations, settings, *(wanted(principal=person(number)) for number in (1, 2, 3)))
        await finish(tenant, store, settings)
        found = await everything(store)

        assert [one.status for one in found] == [Status.SUCCEEDED, Status.DEAD_LETTERED, Status.SUCCEEDED]
        assert "secret" not in str(found)
        assert "KeyError" in str(found[1].events)

    in_deployment(storage_account, test)


def test_what_dies_before_it_has_begun_is_found_through_the_poison_queue(storage_account: str) -> None:
    """It dies before anything says that it was at work; so the message is given up, and each goes alone from then on."""
    text = f'{{"line":"{line_name(group())}"}}'

    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant()

        def die(at: str, tasks: Sequence[Task]) -> None:
            if at == "examine" and any(task.principal.id == person(2) for task in tasks):
                raise Killed

        tenant.before = die
        await ask(store.operations, settings, *(wanted(principal=person(number)) for number in (1, 2, 3)))
        for _ in range(10):
            for delivery in range(1, 6):
                tenant.later += timedelta(minutes=1)
                try:
                    await tenant.provisioner().take_message(settings, text, delivery=delivery)
                    break
                except Killed:
                    continue
            else:
                await tenant.provisioner().bury(settings, text)
        found = await everything(store)
        assert [one.status for one in found] == [Status.SUCCEEDED, Status.DEAD_LETTERED, Status.SUCCEEDED]

    in_deployment(storage_account, test)


def test_two_workers_do_everything_once(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant()

        async def dawdle() -> None:
            await asyncio.sleep(0.05)

        tenant.before = lambda _step, _tasks: dawdle()
        await ask(store.operations, settings, *(wanted(principal=person(number)) for number in range(20)))
        text = f'{{"line":"{line_name(group())}"}}'
        await asyncio.gather(*(tenant.provisioner().take_message(settings, text) for _ in range(3)))

        assert {one.status for one in await everything(store)} == {Status.SUCCEEDED}
        assert len(tenant.written) == 20

    in_deployment(storage_account, test)


def test_who_finds_a_line_taken_asks_again_later_once(storage_account: str) -> None:
    from azure.storage.queue import QueueServiceClient

    async def test(store: Store, settings: Settings) -> None:
        await ask(store.operations, settings, wanted())
        provisioner, line = Tenant().provisioner(), line_name(group())
        async with store.lease(f"line-{line}"):
            for _ in range(3):
                await provisioner.take_message(settings, f'{{"line":"{line}"}}')
        (one,) = await everything(store)
        assert one.status is Status.ACCEPTED

    in_deployment(storage_account, test)
    with QueueServiceClient.from_connection_string(storage_account) as service:
        queue = service.get_queue_client("entra-operations")
        assert queue.get_queue_properties().approximate_message_count == 2  # accepting's, and one for three


def test_a_lease_that_is_lost_stops_the_worker_before_it_writes(
    storage_account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connector.storage.leases import Lease, LeaseLost

    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant()

        def lose(at: str, _tasks: Sequence[Task]) -> None:
            if at == "examine":
                monkeypatch.setattr(Lease, "check", lost)

        def lost(_lease: Lease, _margin: float = 0.0) -> None:
            raise LeaseLost("line")

        tenant.before = lose
        await ask(store.operations, settings, wanted())
        with pytest.raises(LeaseLost):
            await tenant.provisioner().work_on(store, settings, line_name(group()))
        assert not tenant.written
        monkeypatch.undo()
        tenant.before = lambda _step, _tasks: None
        await finish(tenant, store, settings)
        (one,) = await everything(store)
        assert one.status is Status.SUCCEEDED

    in_deployment(storage_account, test)


def test_a_lease_that_ends_while_graph_is_asked_abandons_the_request(
    storage_account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connector.provisioning.working import guarding
    from connector.storage.leases import Lease, LeaseLost

    monkeypatch.setattr(guarding, "_LOOK_EVERY_S", 0.01)
    abandoned: list[bool] = []

    async def hang() -> None:
        monkeypatch.setattr(Lease, "check", lost)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            abandoned.append(True)
            raise

    def lost(_lease: Lease, _margin: float = 0.0) -> None:
        raise LeaseLost("line")

    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant()
        tenant.before = lambda step, _tasks: hang() if step == "act" else None
        await ask(store.operations, settings, wanted())
        with pytest.raises(LeaseLost):
            await tenant.provisioner().work_on(store, settings, line_name(group()))
        assert abandoned

    in_deployment(storage_account, test)


def test_what_only_one_may_do_waits_for_the_other(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant(only_one="global-administrators")
        await ask(store.operations, settings, wanted())
        async with store.lease("global-administrators"):
            await tenant.provisioner().work_on(store, settings, line_name(group()))
        (one,) = await everything(store)
        assert (one.status, one.attempts, one.intended) == (Status.WAITING, 0, False)
        tenant.wait_until(one.not_before or tenant.now())
        await finish(tenant, store, settings)
        (one,) = await everything(store)
        assert one.status is Status.SUCCEEDED

    in_deployment(storage_account, test)
