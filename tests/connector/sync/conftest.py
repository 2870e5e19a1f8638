"""A sync without Graph: small readers, real storage, and messages that a test delivers as it likes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from connector.graph.stats import GraphStats
from connector.settings import Settings
from connector.storage import Store, open_store
from connector.storage.records import StepMessage
from connector.sync.announcing import START
from connector.sync.board import Board
from connector.sync.context import Context, Graph, Meter, utc_now
from connector.sync.kinds.reader import Incomplete, Page, Work
from connector.sync.requesting import claim_sync
from connector.sync.steps import take_step


class Row(msgspec.Struct, omit_defaults=True):
    """A staged line of `accounts`, `groups` or `mailbox_purposes`."""

    id: str
    mailbox_purpose: str | None = None


@dataclass
class Numbers:
    """A reader of ``pages`` pages, each with one row named after the reader and the page."""

    name: str = "accounts"
    table: str = "accounts"
    pages: int = 3
    parent: str | None = None
    parent_table: str | None = None
    after: tuple[str, ...] = ()
    optional: bool = False
    is_wanted: bool = True
    raises: Callable[[int], Exception | None] = lambda _: None
    unread: Callable[[int], Sequence[Incomplete]] = lambda _: ()
    rows: Callable[[int], list[Row] | None] = lambda _: None

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.table,)

    def wanted(self, *_: object) -> bool:
        return self.is_wanted

    async def read(self, work: Work) -> AsyncIterator[Page]:
        work.session.stats.requests += 0
        for number in range(work.position or 0, self.pages):
            error = self.raises(number)
            if error is not None:
                raise error
            work.session.stats.requests += 1
            await asyncio.sleep(0)
            rows = self.rows(number)
            if rows is None:
                rows = [Row(row["id"], mailbox_purpose="user") for row in work.inputs] or [Row(f"{self.name}-{number}")]
            position = number + 1 if number + 1 < self.pages else None
            yield Page({self.table: rows}, position, {"pages": 1}, self.unread(number))


def default_readers() -> list[Numbers]:
    return [
        Numbers(),
        Numbers("mailboxes", "mailbox_purposes", pages=1, parent="accounts", parent_table="accounts"),
        Numbers("groups", "groups", pages=2, after=("accounts",)),
    ]


@dataclass
class Session:
    stats: GraphStats = field(default_factory=GraphStats)


@dataclass
class Bench:
    """One tenant's storage and the messages that wait for it."""

    settings: Settings
    store: Store
    readers: Sequence[Any] = field(default_factory=default_readers)
    messages: list[StepMessage] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    cursors_taken: int = 0

    async def send(self, message: StepMessage, *, delay: float = 0) -> None:
        self.messages.append(message)
        self.delays.append(delay)

    async def take_cursors(self, *_: object) -> dict[str, str]:
        self.cursors_taken += 1
        return {"users": f"cursor-{self.cursors_taken}"}

    @asynccontextmanager
    async def open_graph(self) -> AsyncIterator[Graph]:
        session: Any = Session()
        yield Graph(session, Meter(session.stats))

    def context(self, sync_id: str, **changes: Any) -> Context:
        known: dict[str, Any] = {
            "store": self.store,
            "settings": self.settings,
            "readers": self.readers,
            "take_cursors": self.take_cursors,
            "open_graph": self.open_graph,
            "send": self.send,
            "board": Board(changes.get("store", self.store), sync_id, alone=False),
            "budget": 0.0,  # every page is a step of its own
        }
        return Context(**known | changes)

    async def begin(self) -> str:
        request = await claim_sync(self.store, utc_now(), take_over=True)
        await self.send(StepMessage(sync_id=request.sync_id, unit=START))
        return request.sync_id

    async def take(self, message: StepMessage, *, last_try: bool = False, **changes: Any) -> None:
        await take_step(self.context(message.sync_id, **changes), message, last_try=last_try)

    async def drain(self, **changes: Any) -> int:
        """Take every message, one after the other; how many there were."""
        taken = 0
        while self.messages:
            await self.take(self.messages.pop(0), **changes)
            taken += 1
        return taken

    async def rows(self, snapshot_id: str) -> dict[str, int]:
        manifest = await self.store.manifest(snapshot_id)
        return {name: facts.rows for name, facts in manifest.tables.items() if facts.rows}

    async def hashes(self, snapshot_id: str) -> dict[str, str]:
        manifest = await self.store.manifest(snapshot_id)
        return {name: facts.parts[0].sha256 for name, facts in manifest.tables.items()}


@pytest.fixture
def sync_settings(storage_account: str) -> Settings:
    return Settings.load(
        {
            "ENTRA_TENANT_ID": "0785ef7c-2d7a-4542-b048-95bcab406e0b",
            "ENTRA_CLIENT_ID": "0785ef7c-2d7a-4542-b048-95bcab406e0c",
            "ENTRA_CLIENT_SECRET": "secret",
            "AzureWebJobsStorage": storage_account,
        }
    )


@pytest.fixture
def on_bench(sync_settings: Settings):
    """Run an async test against a bench with an empty container."""

    def run(test: Callable[[Bench], Any]) -> Any:
        async def main() -> Any:
            async with AsyncExitStack() as stack:
                await make_container(sync_settings)
                store = await stack.enter_async_context(open_store(sync_settings))
                return await test(Bench(sync_settings, store))

        return asyncio.run(main())

    return run


async def make_container(settings: Settings) -> None:
    from azure.storage.blob.aio import BlobServiceClient

    async with BlobServiceClient.from_connection_string(settings.storage) as service:
        await service.create_container(settings.container)
