"""A whole full sync in this process: the same steps, with a queue in memory and one session for all of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace

from connector.settings import Settings
from connector.storage import Progress, StorageError, Store, SyncResult, SyncState, open_store
from connector.storage.records import Failure, StepMessage
from connector.sync.announcing import START
from connector.sync.board import Board
from connector.sync.context import Context, Graph, Meter, nothing, utc_now
from connector.sync.ending import fail_with
from connector.sync.errors import SyncFailed, SyncRunning
from connector.sync.noting import note_credential
from connector.sync.requesting import check_kinds, claim_sync
from connector.sync.service import MOST_DELIVERIES
from connector.sync.steps import take_step

UNITS_AT_ONCE = 8
"""Units that are read at the same time. They wait for Graph most of the time."""

_RETRY_DELAY_S = 2.0


async def run_full_sync(
    settings: Settings,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    take_over: bool = False,
    accept_shrinking: Collection[str] = (),
    catch_up: Callable[[], Awaitable[None]] = nothing,
) -> SyncResult:
    """Run a full sync to its end.

    Args:
        on_progress: told how far it is, after every save.
        take_over: supersede another sync that seems to be running.
        accept_shrinking: kinds that are not held back however much they shrank.
        catch_up: lets rounds catch up before the snapshot is built.

    Raises:
        UnknownKinds: one of those is none; nothing has been asked for.
        SyncRunning: another sync is running, and ``take_over`` is not set.
        SyncFailed: it failed; the previous snapshot stays in force.
        StorageError: storage refused before anything began.
    """
    began = time.monotonic()
    check_kinds(accept_shrinking)
    async with open_store(settings) as store:
        request = await claim_sync(store, utc_now(), take_over=take_over, accept_shrinking=accept_shrinking)
        if request.joined:
            raise SyncRunning(request.sync_id, request.alive_until)
        queue = LocalQueue()
        async with AsyncExitStack() as stack:
            context = replace(_context(settings, store, request.sync_id, queue, stack), catch_up=catch_up)
            if on_progress is not None:
                context = replace(context, on_progress=on_progress)
            await run_to_end(context, request.sync_id, queue)
        return await _result(store, request.sync_id, time.monotonic() - began)


async def run_to_end(context: Context, sync_id: str, queue: LocalQueue) -> None:
    """Take every message of a new sync. Interrupted, it says so in the sync's state, so that the next can start at once."""

    async def take(message: StepMessage, last_try: bool) -> None:
        await take_step(context, message, last_try=last_try)
        held = await context.store.sync(sync_id)
        if held is not None and held.record.state.final:
            raise _Ended

    await queue.send(StepMessage(sync_id=sync_id, unit=START))
    try:
        await queue.drain(take)
    except BaseException:
        stopped = Failure(sentence="The sync was interrupted.", advice="Run it again.", unit="")
        with suppress(StorageError):
            await asyncio.shield(fail_with(context, sync_id, stopped))
        raise


class _Ended(Exception):
    """Nothing more is to be done, whatever is still on its way."""


Take = Callable[[StepMessage, bool], Awaitable[None]]
"""Takes a message, given whether it is the last try."""


class LocalQueue:
    """Messages in memory, delivered like those of a storage queue: later if asked, and again if taking them failed."""

    def __init__(self, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep
        self._limit = asyncio.Semaphore(UNITS_AT_ONCE)
        self._early: list[tuple[StepMessage, float]] = []
        self._deliver: Callable[[StepMessage, float], object] | None = None

    async def send(self, message: StepMessage, *, delay: float = 0) -> None:
        """Ask for a step."""
        if self._deliver is None:
            self._early.append((message, delay))
        else:
            self._deliver(message, delay)

    async def drain(self, take: Take) -> None:
        """Take messages, up to ``UNITS_AT_ONCE`` at a time, until there are none or the sync has ended.

        Raises:
            Exception: what taking a message raised at the last try.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                self._deliver = lambda message, delay: tasks.create_task(self._deliver_one(message, delay, take))
                for message, delay in self._early:
                    self._deliver(message, delay)
        except* _Ended:
            pass
        except* Exception as several:
            raise several.exceptions[0] from None

    async def _deliver_one(self, message: StepMessage, delay: float, take: Take) -> None:
        if delay:
            await self._sleep(delay)
        for delivery in range(1, MOST_DELIVERIES + 1):
            try:
                async with self._limit:
                    await take(message, delivery == MOST_DELIVERIES)
            except _Ended:
                raise
            except Exception:
                if delivery == MOST_DELIVERIES:
                    raise
                await self._sleep(_RETRY_DELAY_S * delivery)
            else:
                return


def _context(settings: Settings, store: Store, sync_id: str, queue: LocalQueue, stack: AsyncExitStack) -> Context:
    from connector.graph.delta import take_cursors
    from connector.sync.kinds import READERS

    return Context(
        store=store,
        settings=settings,
        readers=READERS,
        take_cursors=take_cursors,
        open_graph=_shared_graph(settings, store, stack),
        send=queue.send,
        board=Board(store, sync_id, alone=True),
        budget=None,
    )


def _shared_graph(
    settings: Settings, store: Store, stack: AsyncExitStack
) -> Callable[[], AbstractAsyncContextManager[Graph]]:
    """One session for all steps, opened by the first that needs it and closed with ``stack``."""
    from connector.graph.session import GraphSession
    from connector.graph.stats import GraphStats

    opening = asyncio.Lock()
    opened: list[Graph] = []

    @asynccontextmanager
    async def open_graph() -> AsyncIterator[Graph]:
        async with opening:
            if not opened:
                stats = GraphStats()
                session = await stack.enter_async_context(GraphSession(settings, stats=stats))
                await note_credential(store, session, asks=True)
                opened.append(Graph(session, Meter(stats)))
        yield opened[0]

    return open_graph


async def _result(store: Store, sync_id: str, seconds: float) -> SyncResult:
    held = await store.sync(sync_id)
    sync = held.record if held else None
    if sync is None or sync.state is not SyncState.PUBLISHED:
        gone = Failure(sentence="Another sync has taken over.", advice="See its state with `status`.", unit="")
        raise SyncFailed(sync_id, (sync and sync.failure) or gone)
    return SyncResult(
        sync_id=sync_id, snapshot_id=sync_id, seconds=round(seconds, 3), manifest=await store.manifest(sync_id)
    )
