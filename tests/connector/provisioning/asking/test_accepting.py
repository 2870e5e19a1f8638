"""Accepting: every request once, whatever is repeated, and wherever it was interrupted."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from connector.provisioning.errors import KeyReused, ProvisioningDisabled, TooManyOperations
from connector.settings import Settings
from connector.storage import Store
from connector.storage.names import line_name
from connector.storage.records import EventKind, Requester, Status
from tests.support.dying import Dying, Killed
from tests.support.operations import NOW, ask, everything, group, in_deployment, person, settings_of, wanted

THREE = (
    wanted(principal=person(1)),
    wanted(entitlement=group(2)),
    wanted("revoke", principal=person(2)),
)


def messages(storage: str) -> list[str]:
    with QueueServiceClient.from_connection_string(storage) as service:
        return [message.content for message in service.get_queue_client("entra-operations").peek_messages(32)]


def blobs(storage: str) -> list[str]:
    with BlobServiceClient.from_connection_string(storage) as service:
        return list(service.get_container_client("entra").list_blob_names())


def test_operations_come_back_in_the_order_in_which_they_were_asked_for(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        accepted = await ask(store.operations, settings, *THREE, key="a")

        assert [operation.wanted for operation in accepted.operations] == list(THREE)
        assert {operation.status for operation in accepted.operations} == {Status.ACCEPTED}
        assert [event.kind for event in accepted.operations[0].events] == [EventKind.ACCEPTED]
        assert not accepted.before
        assert await everything(store) == sorted(accepted.operations, key=lambda one: one.id)

    in_deployment(storage_account, test)


def test_what_is_on_one_entitlement_lies_together_and_waits_in_its_line(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        accepted = await ask(store.operations, settings, *THREE)
        bundles = [operation.id.rpartition("-")[0] for operation in accepted.operations]

        assert bundles[0] == bundles[2] != bundles[1]
        for bundle, entitlement in ((bundles[0], group(1)), (bundles[1], group(2))):
            line = await store.operations.line(line_name(entitlement))
            assert line is not None
            assert [place.id for place in line.record.places] == [bundle]

    in_deployment(storage_account, test)
    assert {json.loads(message)["line"] for message in messages(storage_account)} == {
        line_name(group(1)),
        line_name(group(2)),
    }


def test_a_bundle_holds_a_hundred_operations(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        many = [wanted(principal=person(number)) for number in range(250)]
        accepted = await ask(store.operations, settings, *many)
        line = await store.operations.line(line_name(group()))

        assert [operation.wanted for operation in accepted.operations] == many
        assert line is not None
        held = [await store.operations.bundle(place.id) for place in line.record.places]
        assert [len(one.record.operations) for one in held if one] == [100, 100, 50]

    in_deployment(storage_account, test)


def test_who_comes_later_stands_behind(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        ids = []
        for seconds in range(3):
            accepted = await ask(store.operations, settings, wanted(), now=NOW - timedelta(seconds=seconds))
            ids.append(accepted.operations[0].id.rpartition("-")[0])
        line = await store.operations.line(line_name(group()))

        assert line is not None
        assert [place.id for place in line.record.places] == ids  # whatever their clocks say

    in_deployment(storage_account, test)


def test_many_who_ask_at_the_same_time_all_get_a_place(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        several = (ask(store.operations, settings, wanted(principal=person(number))) for number in range(12))
        accepted = await asyncio.gather(*several)
        line = await store.operations.line(line_name(group()))
        count = await store.operations.hourly_count(NOW)

        assert line is not None
        assert {place.id for place in line.record.places} == {
            one.operations[0].id.rpartition("-")[0] for one in accepted
        }
        assert count is not None
        assert count.record.accepted == 12

    in_deployment(storage_account, test)


def test_the_same_key_and_request_is_the_same_operations(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        first = await ask(store.operations, settings, *THREE, key="a")
        again = await ask(store.operations, settings, *THREE, key="a", now=NOW + timedelta(minutes=5))

        assert again.before
        assert again.operations == first.operations
        assert len(await everything(store)) == 3

    in_deployment(storage_account, test)


def test_the_same_key_for_another_request_is_refused(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        await ask(store.operations, settings, *THREE, key="a")
        with pytest.raises(KeyReused):
            await ask(store.operations, settings, *THREE[:2], key="a")
        assert len(await everything(store)) == 3

    in_deployment(storage_account, test)


def test_a_key_belongs_to_its_requester(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        one, other = (Requester(kind="entra", id=person(number)) for number in (8, 9))
        first = await ask(store.operations, settings, wanted(), key="a", by=one)
        second = await ask(store.operations, settings, wanted("revoke"), key="a", by=other)

        assert not second.before
        assert first.operations[0].id != second.operations[0].id

    in_deployment(storage_account, test)


def test_who_asks_twice_at_the_same_time_with_a_key_is_accepted_once(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        accepted = await asyncio.gather(*(ask(store.operations, settings, *THREE, key="a") for _ in range(4)))

        assert all(one.operations == accepted[0].operations for one in accepted)
        assert len(await everything(store)) == 3

    in_deployment(storage_account, test)


@pytest.mark.parametrize("after", [False, True])
def test_whoever_asks_again_after_any_crash_has_it_finished_once(storage_account: str, after: bool) -> None:
    """Key, two lines, two bundles, two messages, and the key once more: it may die at each."""
    died = 0

    async def test(store: Store, settings: Settings) -> None:
        nonlocal died
        for at in range(1, 20):
            number = 100 * (at + 1)
            asked = (wanted(entitlement=group(number)), wanted(entitlement=group(number + 1)))
            dying: Any = Dying(store.operations, store.operations.send, at, after=after)
            with suppress(Killed):
                await ask(dying, settings, *asked, key=f"{at}")
                return
            died += 1
            await asyncio.sleep(0)
            accepted = await ask(store.operations, settings, *asked, key=f"{at}", now=NOW + timedelta(seconds=9))
            again = await ask(store.operations, settings, *asked, key=f"{at}", now=NOW + timedelta(seconds=10))

            assert again.before
            assert [one.id for one in again.operations] == [one.id for one in accepted.operations]
            mine = [one for one in await everything(store) if one.wanted in asked]
            assert [one.wanted for one in mine] == list(asked), f"died at write {at}"
            for one in accepted.operations:
                line = await store.operations.line(line_name(one.wanted.entitlement))
                assert line is not None
                assert [place.id for place in line.record.places] == [one.id.rpartition("-")[0]]

    in_deployment(storage_account, test)
    assert died == 9


def test_nothing_is_written_that_no_line_names(storage_account: str) -> None:
    """Without a key nobody asks again, so what a crash leaves behind must be found through its line."""

    async def test(store: Store, settings: Settings) -> None:
        for at in range(1, 9):
            dying: Any = Dying(store.operations, store.operations.send, at, after=True)
            with suppress(Killed):
                await ask(dying, settings, wanted(entitlement=group(at)))
            line = await store.operations.line(line_name(group(at)))
            named = {place.id for place in line.record.places} if line else set()
            written = {
                one.id.rpartition("-")[0] for one in await everything(store) if one.wanted.entitlement == group(at)
            }
            assert written <= named

    in_deployment(storage_account, test)


def test_what_is_off_writes_nothing(storage_account: str) -> None:
    async def test(store: Store, _: Settings) -> None:
        with pytest.raises(ProvisioningDisabled):
            await ask(store.operations, settings_of(storage_account, PROVISIONING_ENABLED="false"), wanted(), key="a")

    in_deployment(storage_account, test)
    assert not blobs(storage_account)


def test_the_hours_operations_are_used_up(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        await ask(store.operations, settings, *THREE)
        with pytest.raises(TooManyOperations) as refused:
            await ask(store.operations, settings, *THREE, key="a")
        assert refused.value.retry_after == 30 * 60 - 15  # the hour ends
        assert len(await everything(store)) == 3
        await ask(store.operations, settings, *THREE[:2])
        later = NOW + timedelta(seconds=30 * 60 - 15)
        assert not (await ask(store.operations, settings, *THREE, key="a", now=later)).before

    in_deployment(storage_account, test, OPERATIONS_PER_HOUR="5")


def test_more_than_an_hours_will_never_do(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        with pytest.raises(TooManyOperations) as refused:
            await ask(store.operations, settings, *THREE)
        assert refused.value.retry_after is None

    in_deployment(storage_account, test, OPERATIONS_PER_HOUR="2")


def test_asking_again_takes_nothing_from_the_hours(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        for _ in range(3):
            accepted = await ask(store.operations, settings, *THREE, key="a")
        assert accepted.before

    in_deployment(storage_account, test, OPERATIONS_PER_HOUR="3")


def test_the_policy_may_say_another_number(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        with BlobServiceClient.from_connection_string(storage_account) as service:
            blob = service.get_blob_client("entra", f"{settings.tenant_id}/operations/policy.json")
            blob.upload_blob(msgspec.json.encode({"operations_per_hour": 2}))
        with pytest.raises(TooManyOperations):
            await ask(store.operations, settings, *THREE)

    in_deployment(storage_account, test)
