"""Rounds as Azure runs them: the Functions host, its timer and its queue."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from connector.storage import Current, open_store
from connector.sync.local import run_full_sync
from emulators.functions import FunctionsHost
from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate
from tests.support.deployments import Deployment, deploy

APP = Path(__file__).parents[3]
PATIENCE = 60  # seconds


async def in_force(deployment: Deployment) -> Current:
    async with open_store(deployment.settings) as store:
        held = await store.current()
        assert held is not None
        return held.record


def test_without_any_notification_the_timer_finds_what_changed(storage_account, tmp_path):
    with GraphEmulator(generate(users=20, groups=6, seed=43)) as graph:
        deployment = deploy(graph, storage_account)
        asyncio.run(run_full_sync(deployment.settings))
        before = asyncio.run(in_force(deployment))
        user, group = graph.tenant.create_user("Maria Nováková"), graph.tenant.create_group("Explorers")
        graph.tenant.add_member(group, user)
        with FunctionsHost(APP, {**deployment.environment, "TMPDIR": str(tmp_path)}, max_polling_ms=100) as host:
            host.invoke_timer("incremental_timer")
            deadline = time.monotonic() + PATIENCE
            while asyncio.run(in_force(deployment)).journal_head == before.journal_head:
                if time.monotonic() > deadline:
                    pytest.fail("nothing was journalled:\n" + "\n".join(host.logs()[-30:]))
                time.sleep(0.05)

        assert deployment.untruths(deployment.state(tmp_path)) == []
        assert asyncio.run(in_force(deployment)).snapshot_id == before.snapshot_id
