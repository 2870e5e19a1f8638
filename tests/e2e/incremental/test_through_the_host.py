"""As Azure runs it: the tenant changes, Graph notifies the Functions host, a round runs, and the state is the truth again."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from azure.storage.blob import ContainerClient
from msgspec.structs import replace

from connector.storage import open_store
from connector.sync.local import run_full_sync
from emulators.functions import FunctionsHost
from emulators.graph import GraphEmulator
from emulators.graph.tenant.errors import TenantError
from tests.support.changes import people
from tests.support.changes.chance import Chance, Nothing
from tests.support.deployments import Deployment, deploy
from tests.support.histories import CHANGES, small_tenant

APP = Path(__file__).parents[3]
PATIENCE = 60  # seconds
UNTOLD = (people.delete_device,)
"""What no delta tells of: it changes counts of members, right after the next full sync."""
NOTIFIED = tuple(draw for draw in CHANGES if draw.__module__ == people.__name__ and draw not in UNTOLD)
"""Changes of users and groups: all that Graph notifies of."""
_TRIES = 30


@contextmanager
def hosted(storage: str, seed: int, *, public: bool) -> Iterator[tuple[GraphEmulator, Deployment, FunctionsHost]]:
    """A deployment that has read its tenant once; ``public``: Graph can reach it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with GraphEmulator(small_tenant(seed)) as graph:
        deployment = deploy(graph, storage)
        asyncio.run(run_full_sync(deployment.settings))
        told = {"NOTIFICATION_URL": f"http://127.0.0.1:{port}"} if public else {}
        with FunctionsHost(APP, {**deployment.environment, **told}, port=port, max_polling_ms=50) as host:
            if public:
                host.invoke_timer("subscription_timer")
                wait_until(lambda: [] if len(graph.notifications.registry.living()) == 2 else ["not subscribed"], host)
            yield graph, deployment, host


def wait_until(problems: Callable[[], list[str]], host: FunctionsHost) -> None:
    """Ask until there are no problems any more."""
    deadline = time.monotonic() + PATIENCE
    while found := problems():
        if time.monotonic() > deadline:
            pytest.fail("\n".join([*found, *host.logs()[-30:]]))
        time.sleep(0.1)


def each_of(graph: GraphEmulator, draws: tuple[Callable[[Chance], str], ...], seed: int) -> list[str]:
    """Every kind of change once, as far as the tenant has something for it; in some order."""
    chance, done = Chance(graph.tenant, random.Random(seed)), []
    for draw in chance.random.sample(draws, len(draws)):
        for _ in range(_TRIES):
            try:
                done.append(draw(chance))
            except (Nothing, TenantError):
                continue
            break
    assert len(done) > len(draws) * 2 / 3, done
    return done


def test_what_graph_notifies_of_is_in_the_journal_without_a_timer(storage_account: str, tmp_path) -> None:
    with hosted(storage_account, 0, public=True) as (graph, deployment, host):
        each_of(graph, NOTIFIED, 0)
        graph.notifications.drain()
        wait_until(lambda: deployment.untruths(deployment.state(tmp_path)), host)


def test_where_graph_cannot_reach_it_the_timer_alone_finds_every_kind_of_change(storage_account: str, tmp_path) -> None:
    with hosted(storage_account, 2, public=False) as (graph, deployment, host):
        for seed in range(2):
            each_of(graph, tuple(draw for draw in CHANGES if draw not in UNTOLD), seed)
            everything_is_due(deployment)
            host.invoke_timer("incremental_timer")
            wait_until(lambda: deployment.untruths(deployment.state(tmp_path)), host)


def everything_is_due(deployment: Deployment) -> None:
    """As if the full sync was days ago, and nothing had been looked at since."""
    settings = deployment.settings

    async def age() -> None:
        async with open_store(settings) as store:
            held = await store.current()
            assert held is not None
            manifest = await store.manifest(held.record.snapshot_id)
            await store.write_manifest(replace(manifest, started_at=manifest.started_at - timedelta(days=2)))

    asyncio.run(age())
    with ContainerClient.from_connection_string(settings.storage, settings.container) as container:
        blob = container.get_blob_client(f"{settings.tenant_id}/rounds.json")
        if blob.exists():
            blob.delete_blob()
