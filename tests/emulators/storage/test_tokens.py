"""Storage opened with tokens instead of keys, as an app in Azure does with its managed identity."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from emulators.graph import GraphEmulator
from emulators.graph.managed_identity import ManagedIdentityEndpoint
from emulators.graph.tenant.tenant import Tenant
from emulators.storage import Azurite


@pytest.fixture(scope="module")
def graph() -> Iterator[GraphEmulator]:
    with GraphEmulator(Tenant.empty()) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def azurite(graph: GraphEmulator) -> Iterator[Azurite]:
    with Azurite(certificates=graph.certificates) as running:
        yield running


@pytest.fixture
def credential(graph: GraphEmulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[ManagedIdentityCredential]:
    made = graph.tenant.create_managed_identity("func-storage", system_assigned=True)
    with ManagedIdentityEndpoint(graph, [made]) as endpoint:
        for name, value in endpoint.environment().items():
            monkeypatch.setenv(name, value)
        yield ManagedIdentityCredential()


def test_a_managed_identity_opens_blobs_and_queues(
    graph: GraphEmulator, azurite: Azurite, credential: ManagedIdentityCredential
) -> None:
    blobs = BlobServiceClient(azurite.url("blob"), credential, connection_verify=graph.ca_file)
    blob = blobs.create_container("snapshots").upload_blob("current.json", b"{}")
    assert blob.download_blob().readall() == b"{}"
    queues = QueueServiceClient(azurite.url("queue"), credential, connection_verify=graph.ca_file)
    queues.create_queue("work").send_message("step")
    received = next(queues.get_queue_client("work").receive_messages())
    assert received.content == "step"


def test_a_token_for_something_else_does_not(
    graph: GraphEmulator, azurite: Azurite, credential: ManagedIdentityCredential
) -> None:
    blobs = BlobServiceClient(
        azurite.url("blob"),
        credential,
        audience="https://vault.azure.net",
        connection_verify=graph.ca_file,
        retry_total=0,
    )
    with pytest.raises(HttpResponseError) as refused:
        blobs.create_container("other")
    assert refused.value.status_code in (401, 403)


def test_keys_are_taken_as_well(graph: GraphEmulator, azurite: Azurite) -> None:
    blobs = BlobServiceClient.from_connection_string(azurite.connection_string(), connection_verify=graph.ca_file)
    assert blobs.url.startswith("https://")
    assert blobs.create_container("keyed").exists()
