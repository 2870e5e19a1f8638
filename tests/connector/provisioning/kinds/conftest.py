"""Emulated tenants that a module of tests shares, and groups and directory roles worked on in them."""

from __future__ import annotations

import pytest

from emulators.graph import GraphEmulator
from emulators.graph.service.variants import Variants
from emulators.graph.tenant.generator import generate
from emulators.graph.tenant.tenant import CONNECTOR_PERMISSIONS, Tenant
from tests.support.groups import Groupwork
from tests.support.haste import in_haste
from tests.support.roles import WRITES, RolesAtWork


@pytest.fixture(scope="module")
def shared_emulator():
    with GraphEmulator(generate(users=0, seed=4)) as graph, in_haste():
        yield graph


@pytest.fixture
def work(shared_emulator):
    """Groups of a tenant whose connector holds every permission, and of which nothing goes wrong."""
    shared_emulator.rewind()
    shared_emulator.variants = Variants()
    shared_emulator.tenant.set_fact("permissions", "")
    shared_emulator.metrics.reset()
    return Groupwork(shared_emulator)


@pytest.fixture(scope="module")
def at_work():
    """A worker on directory roles and its connection, everything permitted. The clock of the tenant stands still."""
    tenant = Tenant.empty()
    tenant.set_permissions([*CONNECTOR_PERMISSIONS, *WRITES])
    with GraphEmulator(tenant) as graph, in_haste(), RolesAtWork(graph) as roles:
        graph.clock.stop()
        yield roles
    tenant.close()


@pytest.fixture
def roles(at_work):
    """The same, behaving as usual."""
    at_work.emulator.faults.clear()
    at_work.emulator.variants = Variants()
    return at_work
