"""A tenant with a vault beside it, and this process as an app in Azure that has a managed identity."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack

import pytest

from connector.credentials import transport
from connector.settings import Settings
from emulators.graph import GraphEmulator
from emulators.graph.managed_identity import ManagedIdentityEndpoint
from emulators.graph.tenant.tenant import Tenant
from emulators.keyvault import KeyVaultEmulator

Load = Callable[..., Settings]

_ALL = ("User.Read.All", "Group.Read.All")
_PLATFORM = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET", "AZURE_CLIENT_ID", "AZURE_TENANT_ID")


@pytest.fixture(autouse=True)
def no_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine that runs the tests offers an identity."""
    for name in (*_PLATFORM, "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def graph() -> Iterator[GraphEmulator]:
    """A tenant in which the connector may read."""
    with GraphEmulator(Tenant.empty()) as emulator:
        emulator.tenant.set_permissions(_ALL)
        yield emulator


@pytest.fixture
def vault(graph: GraphEmulator) -> Iterator[KeyVaultEmulator]:
    """A vault of that tenant."""
    with KeyVaultEmulator.beside(graph) as emulator:
        yield emulator


@pytest.fixture
def app(graph: GraphEmulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ManagedIdentityEndpoint]]:
    """Run this process as an app that has the managed identities of these object ids."""
    with ExitStack() as stack:

        def run(*identities: str) -> ManagedIdentityEndpoint:
            endpoint = stack.enter_context(ManagedIdentityEndpoint(graph, identities))
            for name, value in endpoint.environment().items():
                monkeypatch.setenv(name, value)
            return endpoint

        yield run


@pytest.fixture
def load(graph: GraphEmulator) -> Load:
    """Settings that lead to the emulated tenant: ``load(ENTRA_CERTIFICATE_FILE=…)``. There is no client secret unless it is given."""

    def made(environ: Mapping[str, str] | None = None, **given: str) -> Settings:
        base = graph.environment() | {"AzureWebJobsStorage": "unused"}
        del base["ENTRA_CLIENT_SECRET"]
        return Settings.load(base | dict(environ or {}) | given)

    return made


@pytest.fixture
def identity(graph: GraphEmulator, app: Callable[..., ManagedIdentityEndpoint]) -> str:
    """Object id of the system-assigned identity as which this process runs."""
    made = new_identity(graph, system_assigned=True)
    app(made)
    return made


@pytest.fixture
def in_vault(vault: KeyVaultEmulator, identity: str, load: Load) -> Load:
    """Settings of an app whose identity may read secrets of the vault: ``in_vault(ENTRA_CLIENT_SECRET_NAME=…)``."""
    vault.grant(identity)
    return lambda **given: load(vault.environment(), **given)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again as often as ever, without waiting in between."""
    monkeypatch.setitem(transport.RETRIES, "retry_backoff_factor", 0)


def new_identity(graph: GraphEmulator, *, system_assigned: bool = False, permissions: Sequence[str] = ()) -> str:
    """Object id of a managed identity that no other test has."""
    name = f"id-{uuid.uuid4()}"
    return graph.tenant.create_managed_identity(name, system_assigned=system_assigned, permissions=permissions)
