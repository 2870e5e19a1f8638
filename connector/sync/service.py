"""What the triggers ask of full syncs. Opens what it needs, and closes it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from connector.settings import Settings
from connector.storage import StorageError, Store, open_store
from connector.storage.records import StepMessage
from connector.sync.announcing import START
from connector.sync.board import Board
from connector.sync.context import Context, Graph, Meter, utc_now
from connector.sync.errors import SyncRunning, UnknownKinds
from connector.sync.ids import is_sync_id
from connector.sync.noting import note_credential
from connector.sync.requesting import Request, check_kinds, claim_sync
from connector.sync.steps import take_step

if TYPE_CHECKING:
    from connector.sync.retention import Removed

if TYPE_CHECKING:
    from connector.graph.connection import SharedConnection

__all__ = [
    "MalformedMessage",
    "Request",
    "StorageError",
    "SyncRunning",
    "UnknownKinds",
    "Worker",
    "clean_up",
    "compact_journal",
    "parse_message",
    "request_sync",
    "sync_status",
]

MOST_DELIVERIES = 5
"""How often a message is delivered before it is put aside: ``maxDequeueCount`` of host.json."""


class MalformedMessage(Exception):
    """A message of the sync queue is not one of ours."""


async def request_sync(settings: Settings, *, accept_shrinking: Collection[str] = ()) -> Request:
    """Ask for a full sync: it begins when its first message is taken. Joins the sync that is running, if there is one.

    Args:
        accept_shrinking: kinds that are not held back however much they shrank.

    Raises:
        UnknownKinds: one of those is none.
        SyncRunning: shrinking is to be accepted, and a sync is running that was not told so.
        StorageError: storage refused; nothing has been asked for then.
    """
    check_kinds(accept_shrinking)
    async with open_store(settings) as store:
        request = await claim_sync(store, utc_now(), accept_shrinking=accept_shrinking)
        if request.joined and accept_shrinking:
            raise SyncRunning(request.sync_id, request.alive_until)
        if not request.joined:
            await store.send_step(StepMessage(sync_id=request.sync_id, unit=START))
        return request


async def clean_up(settings: Settings) -> Removed:
    """Remove old snapshots and what dead syncs left behind.

    Raises:
        StorageError: storage refused; what was removed is gone, the rest is removed the next time.
    """
    from connector.sync.retention import remove_old

    async with open_store(settings) as store:
        return await remove_old(store, settings, utc_now())


async def compact_journal(settings: Settings) -> str | None:
    """Fold the journal into a new snapshot if it is long; its id, or None where nothing was done.

    Raises:
        StorageError: storage refused, or the state in force is damaged; nothing has changed then.
    """
    from connector.sync.publishing.compacting import compact

    async with open_store(settings) as store:
        return await compact(store, utc_now())


async def sync_status(settings: Settings, sync_id: str) -> dict[str, Any] | None:
    """How far a sync is, as a JSON object (``progress.json``); None where there is none of that id.

    Raises:
        StorageError: storage refused.
    """
    if not is_sync_id(sync_id):
        return None
    async with open_store(settings) as store:
        progress = await store.progress(sync_id)
    document: dict[str, Any] | None = msgspec.to_builtins(progress)
    return document


class Worker:
    """Takes messages of the sync queue. One for a process: its steps share a connection to Graph, and the sense of its limits.

    Args:
        graph: the connection that the process has already; by default one of its own.
        catch_up: lets rounds catch up before a snapshot is built.
    """

    def __init__(
        self, graph: SharedConnection | None = None, catch_up: Callable[[Settings], Awaitable[None]] | None = None
    ) -> None:
        from connector.graph.connection import SharedConnection

        self._graph = graph or SharedConnection()
        self._catch_up = catch_up

    async def run_step(self, settings: Settings, text: str, *, delivery: int) -> None:
        """Take one message.

        Args:
            text: the message.
            delivery: how often it has been delivered, this time included. The last time, a failure ends the sync.

        Raises:
            MalformedMessage: the text is not a message of ours.
            Exception: what may pass; the queue delivers the message again.
        """
        message = parse_message(text)
        async with open_store(settings) as store:
            context = _context(settings, store, message.sync_id, self._graph)
            if self._catch_up is not None:
                context = replace(context, catch_up=partial(self._catch_up, settings))
            await take_step(context, message, last_try=delivery >= MOST_DELIVERIES)


def parse_message(text: str) -> StepMessage:
    """The message in ``text``.

    Raises:
        MalformedMessage: it is none.
    """
    try:
        message = msgspec.json.decode(text, type=StepMessage)
    except msgspec.DecodeError as error:
        raise MalformedMessage(f"A message of the sync queue cannot be understood: {error}.") from None
    if not is_sync_id(message.sync_id) or "/" in message.unit:
        raise MalformedMessage("A message of the sync queue names no sync and unit.")
    return message


def _context(settings: Settings, store: Store, sync_id: str, shared: SharedConnection) -> Context:
    from connector.graph.delta import take_cursors
    from connector.graph.session import GraphSession
    from connector.graph.stats import GraphStats
    from connector.sync.kinds import READERS

    @asynccontextmanager
    async def open_graph() -> AsyncIterator[Graph]:
        deadline = time.monotonic() + settings.step_budget
        stats, connection = GraphStats(), await shared.open(settings)
        async with GraphSession(settings, stats=stats, deadline=deadline, connection=connection) as session:
            await note_credential(store, session, asks=True)
            yield Graph(session, Meter(stats))

    return Context(
        store=store,
        settings=settings,
        readers=READERS,
        take_cursors=take_cursors,
        open_graph=open_graph,
        send=store.send_step,
        board=Board(store, sync_id, alone=False),
        budget=settings.step_budget,
    )
