"""An emulated tenant that is followed: changed by verbs, looked at by rounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from emulators.graph import GraphEmulator, Variants
from emulators.graph.tenant.generator import generate
from emulators.graph.tenant.tenant import Tenant
from tests.support.tracking import Facts, Tracker

Track = Callable[..., Tracker]


@pytest.fixture(scope="session")
def furnished() -> Iterator[Tenant]:
    """A tenant that has something of everything; only copied."""
    tenant = generate(users=40, groups=14, apps=8, seed=11)
    yield tenant
    tenant.close()


@pytest.fixture(scope="session")
def emulator(furnished: Tenant) -> Iterator[GraphEmulator]:
    """One emulator for all tests of this worker; each begins with a copy of the furnished tenant."""
    tenant = Tenant()
    furnished.db.backup(tenant.db)
    with GraphEmulator(tenant) as running:
        yield running
    tenant.close()


@pytest.fixture(scope="session")
def at_first(emulator: GraphEmulator) -> Facts:
    """What a full reading of the furnished tenant says."""
    return Tracker(emulator).begin().facts


@pytest.fixture
def track(furnished: Tenant, emulator: GraphEmulator, at_first: Facts) -> Track:
    """``track(variants, SKIP_AD_GROUPS="true")``: a tracker that has begun to follow the furnished tenant."""
    with emulator.tenant.lock:
        furnished.db.backup(emulator.tenant.db)
    emulator.rewind()

    def begin(variants: Variants | None = None, **environ: str) -> Tracker:
        emulator.variants = variants or Variants()
        return Tracker(emulator, environ).begin(None if environ else at_first)

    return begin
