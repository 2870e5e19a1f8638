"""A wait that is longer than a step may work gives the worker back; the message comes when Graph wants to be asked again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
from azure.storage.queue.aio import QueueServiceClient

from connector.storage import open_store
from connector.storage.records import StepMessage, UnitState
from connector.sync.context import utc_now
from connector.sync.service import Worker, request_sync
from emulators.graph import Fault, GraphEmulator
from emulators.graph.tenant.generator import generate
from tests.support.deployments import deploy

WAIT = 1800  # seconds


def test_a_long_wait_gives_the_worker_back_and_the_unit_goes_on_later(storage_account: str) -> None:
    with GraphEmulator(generate(users=5, seed=51)) as graph:
        deployment = deploy(graph, storage_account, {"STEP_BUDGET_SECONDS": "2"})
        settings = deployment.settings

        async def waiting_messages(client: Any) -> list[str]:
            return [message.content async for message in client.receive_messages(visibility_timeout=60)]

        async def test() -> None:
            sync_id = (await request_sync(settings)).sync_id
            await Worker().run_step(settings, _message(sync_id, "start"), delivery=1)
            graph.faults.add(Fault(path=r"/subscribedSkus", status=429, retry_after=WAIT))
            async with (
                QueueServiceClient.from_connection_string(settings.storage) as queues,
                open_store(settings) as store,
            ):
                client = queues.get_queue_client("entra-sync")
                await client.clear_messages()
                await Worker().run_step(settings, _message(sync_id, "licenses"), delivery=1)

                held = await store.checkpoint(sync_id, "licenses")
                progress = await store.progress(sync_id)
                properties = await client.get_queue_properties()
                assert held is not None
                assert progress is not None
                assert (held.record.state, held.record.step) == (UnitState.WAITING, 1)
                assert properties.approximate_message_count == 1
                assert await waiting_messages(client) == [], "it is there, and nobody sees it yet"
                assert progress.alive_until > utc_now() + timedelta(seconds=WAIT), "it is not taken for dead meanwhile"

                await Worker().run_step(settings, _message(sync_id, "licenses", 1), delivery=1)
                ended = await store.checkpoint(sync_id, "licenses")
                assert ended is not None
                assert ended.record.state is UnitState.COMPLETE

        asyncio.run(test())


def _message(sync_id: str, unit: str, step: int = 0) -> str:
    return msgspec.json.encode(StepMessage(sync_id=sync_id, unit=unit, step=step)).decode()
