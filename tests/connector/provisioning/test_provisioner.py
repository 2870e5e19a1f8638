"""Messages of the operations queue that other systems put there, and those that nobody understands."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from unittest.mock import Mock

import pytest
from azure.storage.queue import QueueServiceClient

from connector.provisioning import provisioner, service
from connector.settings import Settings
from connector.storage import Store
from connector.storage.records import Requester, Status
from tests.support.fake_kind import Tenant
from tests.support.operations import SOMEBODY, everything, group, in_deployment, person, settings_of

REQUEST: dict[str, Any] = {
    "action": "grant",
    "entitlement": group(),
    "principal": person(),
    "justification": "Is new in the team",
}


def messages(storage: str) -> list[str]:
    with QueueServiceClient.from_connection_string(storage) as service_client:
        queue = service_client.get_queue_client("entra-operations")
        return [message.content for message in queue.receive_messages(max_messages=32, visibility_timeout=60)]


def hidden(storage: str) -> int:
    with QueueServiceClient.from_connection_string(storage) as service_client:
        queue = service_client.get_queue_client("entra-operations")
        return queue.get_queue_properties().approximate_message_count or 0


def test_a_request_on_the_queue_is_accepted_once_however_often_it_is_delivered(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        for delivery in (1, 2):
            text = json.dumps([REQUEST, REQUEST | {"action": "revoke"}])
            await Tenant().provisioner().take_message(settings, text, delivery=delivery, message_id="m-1")
        found = await everything(store)

        assert len(found) == 2
        assert found[0].requester == Requester(kind="queue")
        assert found[0].by == "m-1"

    in_deployment(storage_account, test)
    assert [set(json.loads(message)) for message in messages(storage_account)] == [{"line"}]


def test_a_request_that_is_delivered_again_after_its_end_is_still_the_same(
    storage_account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(store: Store, settings: Settings) -> None:
        text = json.dumps(REQUEST | {"expires_at": "2998-01-01T00:00:00Z"})
        await Tenant().provisioner().take_message(settings, text, message_id="m-1")
        monkeypatch.setattr(provisioner, "datetime", Mock(now=lambda zone: datetime(2999, 1, 1, tzinfo=zone)))
        await Tenant().provisioner().take_message(settings, text, delivery=2, message_id="m-1")
        assert await store.operations.dead_letters() == []

        await Tenant().provisioner().take_message(settings, text, message_id="m-2")
        assert [letter.problem.code for letter in await store.operations.dead_letters()] == ["malformed_message"]
        assert len(await everything(store)) == 1

    in_deployment(storage_account, test)


def test_the_same_request_in_another_message_is_another_request(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        for message_id in ("m-1", "m-2"):
            await Tenant().provisioner().take_message(settings, json.dumps(REQUEST), message_id=message_id)
        assert len(await everything(store)) == 2

    in_deployment(storage_account, test)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "{}",
        "[]",
        json.dumps(REQUEST | {"entitlement": "license:1:assigned"}),
        '{"line":"../../current"}',
        '{"line":"x","more":1}',
    ],
)
def test_what_nobody_understands_is_put_aside_and_said(
    storage_account: str, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(store: Store, settings: Settings) -> None:
        for _ in range(2):
            await Tenant().provisioner().take_message(settings, text)
        (letter,) = await store.operations.dead_letters()

        assert letter.problem.code == "malformed_message"
        assert not await everything(store)

    in_deployment(storage_account, test)
    assert "message_put_aside" in caplog.text


def test_a_message_that_was_put_aside_is_sent_again(storage_account: str) -> None:
    async def test(_store: Store, settings: Settings) -> None:
        await Tenant().provisioner().take_message(settings, "hello")
        (letter,) = await service.list_dead_letters(settings)
        assert await service.retry(settings, letter.id, SOMEBODY) == letter
        assert not await service.list_dead_letters(settings)
        with pytest.raises(service.NoSuchOperation):
            await service.retry(settings, letter.id, SOMEBODY)

    in_deployment(storage_account, test)
    assert messages(storage_account) == ["hello"]


def test_a_request_to_a_deployment_that_only_reads_is_put_aside(storage_account: str) -> None:
    async def test(store: Store, _: Settings) -> None:
        off = settings_of(storage_account, PROVISIONING_ENABLED="false")
        await Tenant().provisioner().take_message(off, json.dumps(REQUEST), message_id="m-1")
        (letter,) = await store.operations.dead_letters()

        assert letter.problem.code == "provisioning_disabled"
        assert not await everything(store)

    in_deployment(storage_account, test)


def test_a_request_beyond_the_hours_waits_for_the_next_hour_and_keeps_its_key(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        for message_id in ("m-1", "m-2"):
            await Tenant().provisioner().take_message(settings, json.dumps(REQUEST), message_id=message_id)
        assert len(await everything(store)) == 1
        postponed = json.dumps({"key": "m-2", "request": json.dumps(REQUEST)})
        more = settings_of(storage_account, OPERATIONS_PER_HOUR="5")
        for _ in range(2):
            await Tenant().provisioner().take_message(more, postponed, message_id="m-3")
        assert {one.by for one in await everything(store)} == {"m-1", "m-2"}

    in_deployment(storage_account, test, OPERATIONS_PER_HOUR="1")
    assert hidden(storage_account) == 3  # two lines, and what waits


def test_a_request_that_was_given_up_is_kept(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        await Tenant().provisioner().bury(settings, json.dumps(REQUEST))
        (letter,) = await store.operations.dead_letters()

        assert (letter.text, letter.problem.code) == (json.dumps(REQUEST), "dead_lettered")

    in_deployment(storage_account, test)


def test_an_operation_is_asked_for_worked_on_and_read_through_the_service(storage_account: str) -> None:
    from connector.provisioning.working.beside import work_beside

    async def test(store: Store, settings: Settings) -> None:
        from tests.support.operations import wanted

        told: list[Status] = []
        asked = service.Asked(wanted=[wanted(), wanted("revoke")], requester=SOMEBODY, key="k")
        accepted = await service.accept(settings, asked)
        ids = [one.id for one in accepted.operations]
        ended = await work_beside(Tenant().provisioner(), store, settings, ids, lambda one: told.append(one.status))

        assert [one.status for one in ended] == [Status.SUCCEEDED, Status.SUCCEEDED]
        assert told == [Status.ACCEPTED, Status.ACCEPTED, Status.SUCCEEDED, Status.SUCCEEDED]
        assert await service.read_operation(settings, ids[0]) == ended[0]
        page = await service.list_operations(settings, statuses=[Status.SUCCEEDED], limit=1)
        assert page == service.Page((ended[1],), ids[1])
        assert await service.look_after_lines(settings) == 0
        with pytest.raises(service.NoSuchOperation):
            await service.work_until_ended(settings, ["nothing"])

    in_deployment(storage_account, test)
