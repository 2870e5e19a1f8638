"""Storage is told what was signed in with, once, and again when that has changed; when it ends is found out where only Entra ID knows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from connector.graph.session import GraphSession
from connector.query.status import read_status
from connector.settings import Auth, Settings
from connector.storage import open_store
from connector.storage.errors import StorageUnreachable
from connector.storage.records import CredentialFacts
from connector.sync.local import run_full_sync
from connector.sync.noting import note_credential
from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate
from tests.support.journals import in_storage
from tests.support.snapshots import environment, make_container

ENDS = datetime(2026, 3, 1, tzinfo=UTC)


def session(
    described: str = "client secret from ENTRA_CLIENT_SECRET", ends: datetime | None = ENDS, hint: str = ""
) -> Any:
    credential = SimpleNamespace(auth=Auth.CLIENT_SECRET, described=described, expires_at=ends, hint_to_ask=hint)
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


def test_who_has_not_asked_when_it_ends_leaves_what_is_noted(deployed: Settings) -> None:
    async def work(store: Any) -> None:
        await note_credential(store, session())
        await note_credential(store, session(ends=None, hint="abc"))
        assert (await written(store))[0].expires_at == ENDS

        await note_credential(store, session(ends=None))  # it was asked, and nobody knows
        assert (await written(store))[0].expires_at is None

        await note_credential(store, session("client secret of another", ends=None, hint="abc"))
        assert (await written(store))[0].described == "client secret of another"

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


@pytest.fixture
def graph() -> Iterator[GraphEmulator]:
    with GraphEmulator(generate(users=3, seed=1)) as emulator:
        yield emulator


@pytest.fixture
def load(graph: GraphEmulator, storage_account: str) -> Callable[..., Settings]:
    def loaded(**changes: str) -> Settings:
        settings = Settings.load({**graph.environment(), "AzureWebJobsStorage": storage_account, **changes})
        make_container(settings)
        return settings

    return loaded


def test_a_secret_of_a_setting_is_warned_about_in_time(
    graph: GraphEmulator, load: Callable[..., Settings], caplog: pytest.LogCaptureFixture
) -> None:
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=12, hours=1)
    graph.tenant.add_client_secret("soon-over", ends_at=ends.isoformat())
    settings = load(ENTRA_CLIENT_SECRET="soon-over")

    asyncio.run(run_full_sync(settings))

    told = asyncio.run(read_status(settings, datetime.now(UTC))).credential
    assert told is not None
    assert told.expires_at == ends
    assert "in 12 days" in (told.warning or "")
    assert [one.levelname for one in caplog.records if "credential_expiring" in one.getMessage()] == ["WARNING"]
    assert "soo" not in caplog.text


def test_the_registration_is_asked_once_for_each_secret(graph: GraphEmulator, load: Callable[..., Settings]) -> None:
    graph.tenant.add_client_secret("without-end")
    settings = load(ENTRA_CLIENT_SECRET="without-end")

    async def work() -> None:
        async with open_store(settings) as store, GraphSession(settings) as opened:
            await note_credential(store, opened)
            assert (opened.connection.credential.hint_to_ask, opened.stats.requests) == ("wit", 0)
            for _ in range(2):
                await note_credential(store, opened, asks=True)
                assert (opened.connection.credential.hint_to_ask, opened.stats.requests) == ("", 1)

    asyncio.run(work())
