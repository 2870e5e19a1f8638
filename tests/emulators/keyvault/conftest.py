from __future__ import annotations

from collections.abc import Iterator

import pytest
from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import SecretClient

from emulators.graph import GraphEmulator
from emulators.graph.tenant.tenant import Tenant
from emulators.keyvault import KeyVaultEmulator, Role


@pytest.fixture(scope="session")
def graph() -> Iterator[GraphEmulator]:
    """A tenant whose sign-in endpoint issues the tokens."""
    with GraphEmulator(Tenant.empty()) as emulator:
        yield emulator


@pytest.fixture
def vault(graph: GraphEmulator) -> Iterator[KeyVaultEmulator]:
    """A vault without purge protection, in which nobody has a role."""
    with KeyVaultEmulator.beside(graph, purge_protection=False) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def connector_id(graph: GraphEmulator) -> str:
    """Object id of the service principal that signs in with the tenant's client secret."""
    with graph.tenant.lock:
        row = graph.tenant.db.execute(
            "SELECT id FROM objects WHERE type = 'servicePrincipal' AND json_extract(body, '$.appId') = ?",
            (graph.client_id,),
        ).fetchone()
    return str(row[0])


@pytest.fixture
def credential(graph: GraphEmulator) -> Iterator[ClientSecretCredential]:
    """The application with the tenant's client secret."""
    with ClientSecretCredential(
        graph.tenant.id,
        graph.client_id,
        graph.client_secret,
        authority=graph.authority,
        connection_verify=graph.ca_file,
        disable_instance_discovery=True,
    ) as made:
        yield made


@pytest.fixture
def client(vault: KeyVaultEmulator, connector_id: str, credential: ClientSecretCredential) -> Iterator[SecretClient]:
    """An officer's client, which knows the vault by the cloud's own name, so that it checks the challenge."""
    vault.grant(connector_id, Role.SECRETS_OFFICER)
    with (
        vault.public_name() as url,
        SecretClient(url, credential, connection_verify=vault.ca_file, retry_total=0) as made,
    ):
        yield made
