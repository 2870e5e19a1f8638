"""Storage is opened as the managed identity of the app, over TLS that TLS_CA_FILE makes trusted; with a key likewise."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator

import pytest

from connector.settings import Settings
from connector.storage import open_store
from connector.storage.clients import make_clients
from connector.storage.errors import StorageSignInFailed
from connector.storage.records import CredentialFacts, Running
from emulators.graph import GraphEmulator
from emulators.graph.managed_identity import ManagedIdentityEndpoint
from emulators.graph.tenant.tenant import Tenant
from emulators.storage import Azurite
from tests.support.journals import later

PLATFORM = ("MSI_ENDPOINT", "MSI_SECRET", "AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE")


@pytest.fixture(scope="module")
def graph() -> Iterator[GraphEmulator]:
    with GraphEmulator(Tenant.empty()) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def azurite(graph: GraphEmulator) -> Iterator[Azurite]:
    with Azurite(certificates=graph.certificates) as running:
        yield running


@pytest.fixture
def with_key(graph: GraphEmulator, azurite: Azurite) -> Settings:
    """Settings with the connection string of a storage account that has the container."""
    settings = Settings.load(graph.environment() | {"AzureWebJobsStorage": azurite.connection_string()})

    async def make_container() -> None:
        clients = make_clients(settings)
        container = clients.blobs.get_container_client(settings.container)
        if not await container.exists():
            await container.create_container()
        await clients.close()

    asyncio.run(make_container())
    return settings


@pytest.fixture
def endpoint(graph: GraphEmulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[ManagedIdentityEndpoint]:
    """This process is an app with a system-assigned identity."""
    for name in PLATFORM:
        monkeypatch.delenv(name, raising=False)
    identity = graph.tenant.create_managed_identity(f"func-{uuid.uuid4()}", system_assigned=True)
    with ManagedIdentityEndpoint(graph, [identity]) as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running
    graph.tenant.delete_service_principal(identity)


@pytest.fixture
def as_identity(graph: GraphEmulator, azurite: Azurite) -> Settings:
    addresses = {
        "AzureWebJobsStorage__blobServiceUri": azurite.url("blob"),
        "AzureWebJobsStorage__queueServiceUri": azurite.url("queue"),
    }
    return Settings.load(graph.environment() | addresses)


def test_blobs_and_queues_open_to_the_identity_with_one_token(
    with_key: Settings, as_identity: Settings, endpoint: ManagedIdentityEndpoint
) -> None:
    facts = CredentialFacts(auth="client_secret", described="…", expires_at=None, noted_at=later(0))

    async def run() -> None:
        async with open_store(as_identity) as store:
            await store.write_credential(facts)
            await store.replace_running(Running(sync_id="s", requested_at=later(0)), None)
            await store.put_wake_aside("hello")
            assert await store.credential() == facts
        async with open_store(with_key) as store:
            assert await store.credential() == facts
        async with open_store(as_identity) as store:  # as it is for every message
            assert await store.credential() == facts

    asyncio.run(run())
    assert endpoint.tokens_issued == 1


def test_an_app_without_that_identity_is_told_what_to_do(
    graph: GraphEmulator, azurite: Azurite, as_identity: Settings, endpoint: ManagedIdentityEndpoint
) -> None:
    other = graph.environment() | {
        "AZURE_CLIENT_ID": "8b6bcd9f-6a2b-4d59-a0f2-5f5c8e1b9a11",
        "AzureWebJobsStorage__blobServiceUri": azurite.url("blob"),
        "AzureWebJobsStorage__queueServiceUri": azurite.url("queue"),
    }

    async def run() -> None:
        async with open_store(Settings.load(other)) as store:
            await store.credential()

    with pytest.raises(StorageSignInFailed, match="8b6bcd9f-6a2b-4d59-a0f2-5f5c8e1b9a11 is not available") as raised:
        asyncio.run(run())
    assert "check AZURE_CLIENT_ID" in raised.value.advice
    assert not raised.value.transient
