"""Storage is told what was signed in with, once, and again when that has changed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from connector.settings import Auth, Settings
from connector.storage.errors import StorageUnreachable
from connector.storage.records import CredentialFacts
from connector.sync.noting import note_credential
from tests.support.journals import in_storage
from tests.support.snapshots import environment, make_container

ENDS = datetime(2026, 3, 1, tzinfo=UTC)


def session(described: str = "client secret from ENTRA_CLIENT_SECRET", ends: datetime | None = ENDS) -> Any:
    credential = SimpleNamespace(auth=Auth.CLIENT_SECRET, described=described, expires_at=ends)
    return SimpleNamespace(connection=SimpleNamespace(credential=credential, noted=None))


@pytest.fixture
def deployed(storage_account: str) -> Settings:
    settings = Settings.load(environment(storage_account))

    make_container(settings)
    return settings


async def written(store: Any) -> tuple[CredentialFacts, str]:
    blob = await store._blobs.read(store._names.credential)
    facts = await store.credential()
    assert facts is not None
    return facts, blob.etag


def test_it_is_written_when_it_differs_and_only_then(deployed: Settings) -> None:
    async def work(store: Any) -> None:
        await note_credential(store, session())
        first, etag = await written(store)
        assert (first.auth, first.described, first.expires_at) == (
            "client_secret",
            "client secret from ENTRA_CLIENT_SECRET",
            ENDS,
        )
        await note_credential(store, session())  # another worker
        assert await written(store) == (first, etag)

        renewed = session(ends=ENDS + timedelta(days=90))
        await note_credential(store, renewed)
        await note_credential(store, renewed)
        assert (await written(store))[0].expires_at == ENDS + timedelta(days=90)

    in_storage(deployed, work)


def test_what_another_version_wrote_is_replaced(deployed: Settings) -> None:
    async def work(store: Any) -> None:
        await store._blobs.write(store._names.credential, b'{"from": "the future"}')
        await note_credential(store, session())
        assert (await written(store))[0].expires_at == ENDS

    in_storage(deployed, work)


def test_that_it_cannot_be_written_stops_nothing_and_is_tried_again() -> None:
    class Down:
        async def credential(self) -> None:
            raise StorageUnreachable("contoso.blob.core.windows.net")

    async def work() -> None:
        one = session()
        await note_credential(Down(), one)  # type: ignore[arg-type]
        assert one.connection.noted is None

    asyncio.run(work())
