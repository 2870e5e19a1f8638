from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulators.graph import GraphEmulator
from emulators.graph.tenant.tenant import Tenant
from emulators.keyvault import KeyVaultEmulator


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
