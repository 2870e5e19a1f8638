"""A full sync whose every message is in the hands of a test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from connector.graph.connection import GraphConnection
from connector.graph.delta import take_cursors
from connector.graph.session import GraphSession
from connector.graph.stats import GraphStats
from connector.settings import Settings
from connector.storage import Store, SyncState
from connector.storage.records import StepMessage
from connector.sync.announcing import START
from connector.sync.board import Board
from connector.sync.context import Context, Graph, Meter, Send
from connector.sync.kinds import READERS
from connector.sync.local import LocalQueue, run_to_end
from connector.sync.requesting import claim_sync
from connector.sync.steps import take_step


class Syncing:
    """The queue-driven engine of full syncs, one message at a time.

    Attributes:
        messages: what has been asked for and not been done.
    """

    def __init__(
        self, settings: Settings, store: Store, connection: GraphConnection, now: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._store = store
        self._connection = connection
        self._now = now
        self.messages: list[StepMessage] = []

    async def begin(self) -> str:
        """Ask for a sync, or join the one that runs; its id."""
        request = await claim_sync(self._store, self._now())
        if not request.joined:
            self.messages.append(StepMessage(sync_id=request.sync_id, unit=START))
        return request.sync_id

    async def send(self, message: StepMessage, *, delay: float = 0) -> None:  # noqa: ARG002
        """Take a message for later; a delay is as good as none."""
        self.messages.append(message)

    async def take(self, message: StepMessage, *, store: Any = None, page_by_page: bool = False) -> None:
        """Do what a message asks for, with ``store`` in place of the real one."""
        used = store or self._store
        board = Board(used, message.sync_id, alone=False)
        await take_step(self._context(used, board, self.send, 0.0 if page_by_page else None), message, last_try=False)

    async def run(self) -> str:
        """A whole sync from beginning to end, all by itself; its id. One that is under way is superseded."""
        self.messages.clear()
        sync_id = (await claim_sync(self._store, self._now(), take_over=True)).sync_id
        queue = LocalQueue()
        board = Board(self._store, sync_id, alone=True)
        await run_to_end(self._context(self._store, board, queue.send, None), sync_id, queue)
        held = await self._store.sync(sync_id)
        assert held is not None, f"{sync_id} has not begun"
        assert held.record.state is SyncState.PUBLISHED, f"{sync_id} is {held.record.state}: {held.record.failure}"
        return sync_id

    def _context(self, store: Any, board: Board, send: Send, budget: float | None) -> Context:
        @asynccontextmanager
        async def open_graph() -> AsyncIterator[Graph]:
            stats = GraphStats()
            async with GraphSession(self._settings, stats=stats, connection=self._connection) as session:
                yield Graph(session, Meter(stats))

        return Context(
            store=store,
            settings=self._settings,
            readers=READERS,
            take_cursors=take_cursors,
            open_graph=open_graph,
            send=send,
            board=board,
            budget=budget,
            now=self._now,
        )
