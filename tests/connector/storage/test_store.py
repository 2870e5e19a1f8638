"""Storage as the connector sees it: guarded writes, strict documents, errors that say what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from connector.settings import Settings
from connector.storage import Store, clients, open_store
from connector.storage.errors import (
    BlobCorrupt,
    BlobMissing,
    Conflict,
    ContainerMissing,
    StorageForbidden,
    StorageMisconfigured,
    StorageUnreachable,
)
from connector.storage.records import Current, Cursor, Running, StepMessage
from connector.sync.context import utc_now

TENANT = "0785ef7c-2d7a-4542-b048-95bcab406e0b"
SYNC = "20261123T004500Z-1a2b3c4d"


def settings(storage: str) -> Settings:
    return Settings.load(
        {
            "ENTRA_TENANT_ID": TENANT,
            "ENTRA_CLIENT_ID": TENANT,
            "ENTRA_CLIENT_SECRET": "secret",
            "AzureWebJobsStorage": storage,
        }
    )


def current(snapshot_id: str) -> Current:
    return Current(
        schema_version=1,
        snapshot_id=snapshot_id,
        published_at=utc_now(),
        journal_head=0,
        cursors={"users": Cursor(link="link", taken_at=datetime(2026, 11, 23, tzinfo=UTC), fingerprint="f")},
        settings={},
    )


def with_store(storage: str, test: Callable[[Store], Awaitable[Any]], *, container: bool = True) -> Any:
    async def main() -> Any:
        if container:
            async with BlobServiceClient.from_connection_string(storage) as service:
                await service.create_container("entra")
        async with open_store(settings(storage)) as store:
            return await test(store)

    return asyncio.run(main())


def test_current_is_replaced_only_by_who_has_seen_the_latest(storage_account: str) -> None:
    async def test(store: Store) -> None:
        assert await store.current() is None
        first = await store.replace_current(current("a"), None)
        await store.replace_current(current("b"), first)
        with pytest.raises(Conflict):
            await store.replace_current(current("c"), first)
        with pytest.raises(Conflict):
            await store.replace_current(current("d"), None)
        held = await store.current()
        assert held is not None
        assert held.record.snapshot_id == "b"

    with_store(storage_account, test)


def test_a_write_whose_answer_got_lost_is_recognised(storage_account: str) -> None:
    async def test(store: Store) -> None:
        running = Running(sync_id=SYNC, requested_at=utc_now())
        first = await store.replace_running(running, None)
        assert (await store.replace_running(running, None)).etag == first.etag

    with_store(storage_account, test)


def test_a_staged_part_is_written_once(storage_account: str) -> None:
    async def test(store: Store) -> None:
        await store.stage(SYNC, "accounts", "accounts-00000-1.jsonl", b'{"id": "a"}\n')
        with pytest.raises(Conflict):
            await store.stage(SYNC, "accounts", "accounts-00000-1.jsonl", b'{"id": "b"}\n')
        assert await store.staged_rows(SYNC, "accounts", "accounts-00000-1.jsonl") == b'{"id": "a"}\n'
        assert await store.sync_ids() == [SYNC]

    with_store(storage_account, test)


def test_everything_lies_under_the_tenant(storage_account: str) -> None:
    async def test(store: Store) -> list[str]:
        await store.replace_current(current("a"), None)
        await store.replace_running(Running(sync_id=SYNC, requested_at=utc_now()), None)
        await store.stage(SYNC, "accounts", "accounts-00000-1.jsonl", b"{}\n")
        async with BlobServiceClient.from_connection_string(storage_account) as service:
            return [name async for name in service.get_container_client("entra").list_blob_names()]

    assert with_store(storage_account, test) == [
        f"{TENANT}/current.json",
        f"{TENANT}/syncs/{SYNC}/staged/accounts/accounts-00000-1.jsonl",
        f"{TENANT}/syncs/running.json",
    ]


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"snapshot_id": 1}', b"\xff\xfe"])
def test_a_document_that_cannot_be_understood_is_named(storage_account: str, data: bytes) -> None:
    async def test(store: Store) -> None:
        async with BlobServiceClient.from_connection_string(storage_account) as service:
            await service.get_blob_client("entra", f"{TENANT}/current.json").upload_blob(data)
        with pytest.raises(BlobCorrupt, match=r"current\.json cannot be understood"):
            await store.current()

    with_store(storage_account, test)


def test_a_snapshot_that_is_not_there_is_named(storage_account: str) -> None:
    async def test(store: Store) -> None:
        with pytest.raises(BlobMissing, match="manifest"):
            await store.manifest("nothing")

    with_store(storage_account, test)


def test_the_queue_is_made_when_it_is_missing_and_messages_are_plain_text(storage_account: str) -> None:
    async def test(store: Store) -> list[str]:
        await store.send_step(StepMessage(sync_id=SYNC, unit="start"))
        await store.send_step(StepMessage(sync_id=SYNC, unit="later"), delay=3600)
        async with QueueServiceClient.from_connection_string(storage_account) as service:
            return [message.content async for message in service.get_queue_client("entra-sync").receive_messages()]

    assert with_store(storage_account, test) == [f'{{"sync_id":"{SYNC}","unit":"start","step":0}}']


def test_a_missing_container_is_said_with_the_command_that_makes_it(storage_account: str) -> None:
    async def test(store: Store) -> None:
        with pytest.raises(ContainerMissing, match="az storage container create --name entra"):
            await store.current()
        with pytest.raises(ContainerMissing):
            await store.replace_current(current("a"), None)

    with_store(storage_account, test, container=False)


def test_a_wrong_key_is_said_without_the_key(storage_account: str) -> None:
    key = storage_account.split("AccountKey=")[1].split(";", maxsplit=1)[0]
    wrong = storage_account.replace(key, "d3Jvbmcta2V5LXRoYXQtZG9lcy1ub3QtZml0")

    async def test(store: Store) -> None:
        with pytest.raises(StorageForbidden, match="refused access") as refused:
            await store.current()
        assert "d3Jvbmct" not in str(refused.value)

    with_store(wrong, test, container=False)


def test_storage_that_does_not_answer_is_said(unused_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "_RETRIES", 1)
    nobody = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:{unused_port}/a;QueueEndpoint=http://127.0.0.1:{unused_port}/a;"

    async def test(store: Store) -> None:
        with pytest.raises(StorageUnreachable, match=f"127.0.0.1:{unused_port} cannot be reached"):
            await store.current()

    with_store(nobody, test, container=False)


def test_a_malformed_connection_string_is_refused_without_showing_it() -> None:
    async def test(store: Store) -> None:
        raise AssertionError("it was opened")

    with pytest.raises(StorageMisconfigured) as refused:
        with_store("AccountKey is hunter2", test, container=False)
    assert "hunter2" not in str(refused.value)
