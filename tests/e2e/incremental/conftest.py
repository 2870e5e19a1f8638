"""Worlds for histories, and processes that follow a deployment, in the hands of a test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connector.incremental import coalescing
from connector.sync.local import run_full_sync
from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate
from tests.support.deployments import deploy
from tests.support.effects import USER_ADMINISTRATOR, Worker
from tests.support.following import Process
from tests.support.haste import in_haste
from tests.support.worlds.world import World


@pytest.fixture
def new_world(new_storage_account: Callable[[], str], tmp_path: Path) -> Callable[[int], World]:
    """Makes the world of a number: always the same tenant, on storage of its own."""
    return lambda seed: World(seed, new_storage_account(), tmp_path)


@pytest.fixture
def haste() -> Iterator[None]:
    """Nobody waits for anything."""
    with in_haste():
        yield


@pytest.fixture(scope="module")
def process(new_storage_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A process that follows a deployment of its own for each file of tests."""
    with GraphEmulator(generate(users=30, groups=12, seed=41)) as graph:
        deployment = deploy(graph, new_storage_account())
        asyncio.run(run_full_sync(deployment.settings))
        process = Process(deployment, tmp_path_factory.mktemp("snapshots"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(coalescing, "_LONGEST_PAUSE_S", -1.0)  # no pauses between rounds: tests have their own bursts
            process.round()
            yield process
        process.close()


@pytest.fixture(scope="module")
def worker(new_storage_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    with GraphEmulator(generate(users=12, groups=6, seed=51)) as graph:
        deployment = deploy(graph, new_storage_account())
        asyncio.run(run_full_sync(deployment.settings))
        made = Worker(deployment, tmp_path_factory.mktemp("snapshots"))
        made.round()
        yield made
        made.close()


@pytest.fixture
def crew(worker: Worker) -> tuple[str, str]:
    """A group that holds a role, and somebody who is in no group; both are known."""
    group = worker.tenant.create_group("Crew", role_assignable=True)
    worker.tenant.assign_role(group, USER_ADMINISTRATOR)
    user = worker.tenant.create_user("Ada Able", properties={"userPrincipalName": f"{group}@contoso.onmicrosoft.com"})
    worker.round()
    return group, user
