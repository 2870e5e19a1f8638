"""One tenant, and deployments of the connector that subscribe to it, each with storage and a public address of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from connector.graph.session import GraphSession
from connector.graph.writing import write
from connector.notifications import knowing
from connector.settings import Settings
from connector.storage import open_store
from connector.storage.names import CHANGES_QUEUE, LIFECYCLE_QUEUE
from connector.storage.subscriptions import Subscriptions
from connector.subscriptions.ledger import Ledger
from connector.subscriptions.reconciling import Done, Reconciler, finished
from connector.subscriptions.service import _LATER, _SOON
from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate
from tests.support.addresses import PublicAddress
from tests.support.deployments import deploy
from tests.support.haste import in_haste

Wrap = Callable[[Any, Any, Any], tuple[Any, Any, Any]]
"""Puts something around what writes: the store, the sender of writes to Graph, and of wake messages."""


def unwrapped(store: Any, send_write: Any, send_wake: Any) -> tuple[Any, Any, Any]:
    """Nothing around them."""
    return store, send_write, send_wake


@dataclass
class Subscriber:
    """A deployment that subscribes. ``calls`` are the writes to Graph, in order."""

    graph: GraphEmulator
    settings: Settings
    address: PublicAddress
    calls: list[tuple[str, str]] = field(default_factory=list)
    wrap: Wrap = unwrapped

    def run(self) -> Done:
        """Bring the subscriptions in order once."""
        return asyncio.run(self.reconcile())

    async def reconcile(self) -> Done:
        async with open_store(self.settings) as real, GraphSession(self.settings) as session:
            store, send_write, send_wake = self.wrap(real, self._write, real.send_wake)
            ledger = await Ledger.open(store)
            done = await Reconciler(
                ledger,
                session,
                self.settings.notification_url,
                self.settings.client_id,
                send_write,
                send_wake,
                self.graph.clock.utc,
            ).run()
            url, now = self.settings.notification_url, self.graph.clock.utc()
            await ledger.change(lambda state: finished(state, url, done, now, soon=_SOON, later=_LATER))
            return done

    async def _write(self, session: GraphSession, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
        self.calls.append((method, path.rpartition("/")[2]))
        return await write(session, method, path, *args, **kwargs)

    def state(self) -> Subscriptions:
        async def read() -> Subscriptions:
            async with open_store(self.settings) as store:
                held = await store.subscriptions()
                return held.record if held else Subscriptions()

        return asyncio.run(read())

    def forget_everything(self) -> None:
        """Lose the state, as when storage was replaced."""
        with BlobServiceClient.from_connection_string(self.settings.storage) as service:
            service.get_blob_client("entra", f"{self.settings.tenant_id}/subscriptions.json").delete_blob()

    def texts(self) -> str:
        """Everything that is in storage."""
        with BlobServiceClient.from_connection_string(self.settings.storage) as service:
            container = service.get_container_client("entra")
            return "".join(container.download_blob(name).readall().decode() for name in container.list_blob_names())

    def messages(self, queue: str = CHANGES_QUEUE) -> list[dict[str, Any]]:
        """Takes what is visible in a queue."""
        with QueueServiceClient.from_connection_string(self.settings.storage) as service:
            client = service.get_queue_client(queue)
            try:
                found = list(client.receive_messages(max_messages=32))
            except Exception:  # no such queue: nothing was ever sent
                return []
            for message in found:
                client.delete_message(message)
            return [json.loads(message.content) for message in found]

    def lifecycle_messages(self) -> list[dict[str, Any]]:
        return self.messages(LIFECYCLE_QUEUE)

    def at(self, url: str) -> Subscriber:
        """The same deployment with another public address."""
        return replace(self, settings=replace(self.settings, notification_url=url), calls=[])


@dataclass
class World:
    """``graph`` and everything that is subscribed to it."""

    graph: GraphEmulator
    new_subscriber: Callable[[], Subscriber]
    numbers: Iterator[int] = field(default_factory=count)

    def living(self) -> list[dict[str, Any]]:
        """The subscriptions as Graph has them."""
        return [one.shown() for one in self.graph.notifications.registry.living()]

    def at(self, url: str) -> list[str]:
        """The resources that are subscribed to from an address, sorted."""
        return sorted(one["resource"] for one in self.living() if one["notificationUrl"].startswith(f"{url}/"))

    def pass_time(self, seconds: float = 0) -> None:
        """Let time pass, then wait until what is due is delivered."""
        self.graph.clock.advance(seconds)
        self.graph.notifications.drain()

    def change_something(self) -> None:
        """A user and a group change; the notifications are delivered."""
        name = f"Newcomer {next(self.numbers)}"
        self.graph.tenant.create_user(name)
        self.graph.tenant.create_group(name)
        self.graph.notifications.drain()


@pytest.fixture
def world(new_storage_account: Callable[[], str]) -> Iterator[World]:
    """A tenant that notifies."""
    with ExitStack() as stack, in_haste(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(knowing, "REREAD_AFTER", 0.0)
        graph = stack.enter_context(GraphEmulator(generate(users=2, seed=5)))

        def new_subscriber() -> Subscriber:
            address = stack.enter_context(PublicAddress())
            settings = replace(deploy(graph, new_storage_account()).settings, notification_url=address.url)
            address.settings = settings
            return Subscriber(graph, settings, address)

        yield World(graph, new_subscriber)


@pytest.fixture
def ours(world: World) -> Subscriber:
    """The deployment under test."""
    return world.new_subscriber()
