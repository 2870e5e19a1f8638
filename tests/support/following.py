"""A worker process that follows a deployment: what it takes, what it says, and whether what it made is the truth."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from azure.storage.queue.aio import QueueServiceClient

from connector.incremental.context import Report
from connector.incremental.service import Follower, run_round
from connector.journal.states import read_segments
from connector.storage import Store, open_store
from connector.storage.names import CHANGES_QUEUE
from connector.storage.records import Cause, Change, Lane, Rounds, SegmentRef, WakeMessage
from connector.sync.context import utc_now
from tests.support.deployments import Deployment

T = TypeVar("T")
TOLD = "told-of-changes"


class Process:
    """A deployment of which a full sync has been published, and a worker process that follows it."""

    def __init__(self, deployment: Deployment, folder: Path) -> None:
        self.deployment = deployment
        self.settings = dataclasses.replace(deployment.settings, changes_output_queue=TOLD)
        self.folder = folder
        self.runner = asyncio.Runner()
        self.follower: Follower = self.run(self._follower())

    async def _follower(self) -> Follower:
        return Follower()

    def run(self, work: Awaitable[T]) -> T:
        async def main() -> T:
            return await work

        return self.runner.run(main())

    def close(self) -> None:
        self.run(self.follower.close())
        self.runner.close()

    @property
    def tenant(self) -> Any:
        return self.deployment.graph.tenant

    def some(self, kind: str, number: int = 0) -> str:
        rows = self.tenant.db.execute("SELECT id FROM objects WHERE type = ? AND deleted IS NULL ORDER BY key", (kind,))
        return str(rows.fetchall()[number][0])

    def with_store(self, test: Callable[[Store], Awaitable[T]]) -> T:
        async def main() -> T:
            async with open_store(self.settings) as store:
                return await test(store)

        return self.run(main())

    def round(self, *args: Any, **options: Any) -> list[Report]:
        return self.run(run_round(self.settings, *args, follower=self.follower, **options))

    def take(self, message: WakeMessage | str, *, delivery: int = 1, **changes: Any) -> Report | None:
        """Let the process take a message; with other settings, a process of its own."""
        text = message if isinstance(message, str) else encoded(message)
        if not changes:
            return self.run(self.follower.take_message(self.settings, text, delivery=delivery))

        async def otherwise() -> Report | None:
            other = Follower()
            try:
                return await other.take_message(dataclasses.replace(self.settings, **changes), text, delivery=delivery)
            finally:
                await other.close()

        return self.run(otherwise())

    def journal(self, reports: list[Report]) -> list[Change]:
        refs: list[SegmentRef] = [ref for report in reports for ref in report.segments]

        async def read(store: Store) -> list[Change]:
            return [change for ref in refs for change in (await read_segments(store, [ref]))[0].changes]

        return self.with_store(read)

    def untruths(self) -> list[str]:
        return self.deployment.untruths(self.run(self.deployment.read_state(self.folder)))

    def messages(self, queue: str = CHANGES_QUEUE) -> list[dict[str, Any]]:
        """The messages of a queue, delayed ones apart; they are taken from it."""

        async def read() -> list[dict[str, Any]]:
            async with QueueServiceClient.from_connection_string(self.settings.storage) as queues:
                client = queues.get_queue_client(queue)
                if queue not in [one.name async for one in queues.list_queues()]:
                    return []
                found = [one async for one in client.receive_messages(messages_per_page=32)]
                for one in found:
                    await client.delete_message(one)
                return [json.loads(one.content) for one in found]

        return self.run(read())

    def send(self, *messages: WakeMessage) -> None:
        async def main(store: Store) -> None:
            for message in messages:
                await store.send_wake(message)

        self.with_store(main)

    def rounds(self) -> Rounds:
        held = self.with_store(lambda store: store.rounds())
        assert held is not None
        return held.record


def wake(*kinds: str, lane: Lane = Lane.DIRECTORY, cause: Cause = Cause.NOTIFICATION) -> WakeMessage:
    return WakeMessage(lane=lane, cause=cause, seen_at=utc_now(), kinds=kinds)


def encoded(message: WakeMessage) -> str:

    return msgspec.json.encode(message).decode()
