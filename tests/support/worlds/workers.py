"""A worker process of the deployment: the product's own follower of messages, on the world's clock, queues and connection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connector.graph.errors import GraphError
from connector.incremental import coalescing, service
from connector.incremental.coalescing import Later
from connector.incremental.context import Report, RoundContext
from connector.incremental.service import Follower, wake_what_is_due
from connector.settings import Settings
from connector.storage import StorageError
from connector.sync import service as sync_service
from connector.sync.retention import remove_old
from connector.sync.service import MOST_DELIVERIES
from tests.support.worlds.postbox import Letter

if TYPE_CHECKING:
    from connector.graph.connection import GraphConnection
    from tests.support.worlds.world import World

_STORE: ContextVar[Any] = ContextVar("the store that whatever runs now works with")


@contextmanager
def bound(world: World) -> Iterator[None]:
    """While this lasts, what opens a store or asks for the time gets those of ``world``; rounds in a burst make no pauses."""

    @asynccontextmanager
    async def open_store(_: Settings) -> AsyncIterator[Any]:
        yield _STORE.get()

    with pytest.MonkeyPatch.context() as patch:
        for module in (service, sync_service):
            patch.setattr(module, "open_store", open_store)
            patch.setattr(module, "utc_now", world.now)
        patch.setattr(service, "RoundContext", partial(RoundContext, now=world.now))
        patch.setattr(coalescing, "_LONGEST_PAUSE_S", -1.0)
        yield


@contextmanager
def using(store: Any) -> Iterator[None]:
    """Whatever is begun meanwhile works with ``store``."""
    token = _STORE.set(store)
    try:
        yield
    finally:
        _STORE.reset(token)


class Worker:
    """One process that takes messages of the changes queue.

    Args:
        folder: where it keeps its replica.
    """

    def __init__(self, world: World, folder: Path) -> None:
        self._world = world
        self.folder = folder
        self._follower = Follower(_Connected(world.connection), folder)  # type: ignore[arg-type]
        self._follower._later = Later(clock=world.graph.clock.now)

    @property
    def follower(self) -> Follower:
        """What the process has once, for others to share."""
        return self._follower

    async def take(self, letter: Letter, store: Any = None) -> str:
        """Take a message as the host gives it; what it ended with. Where it failed, the queue delivers it again, up to its limit."""
        world = self._world
        with using(store or world.worker_store()):
            try:
                report = await self._follower.take_message(world.settings, letter.text, delivery=letter.deliveries)
            except (GraphError, StorageError) as error:
                if letter.deliveries < MOST_DELIVERIES:
                    world.postbox.letters.append(letter)
                return f"{letter.message.lane.value} failed: {type(error).__name__} {error}"
        world.note()
        return "not understood" if report is None else _told(report)

    async def tick(self) -> None:
        """The timer of rounds."""
        with using(self._world.worker_store()):
            await wake_what_is_due(self._world.settings)

    async def clean_up(self) -> Any:
        """The timer of retention."""
        return await remove_old(self._world.store, self._world.settings, self._world.now())

    async def close(self) -> None:
        """The process ends."""
        await self._follower.close()


def _told(report: Report) -> str:
    looked = [*report.followed, *report.compared]
    told = [report.lane.value, f"{len(looked)} looked at", f"{report.changes} changes"]
    told += [f"{kind}: {problem}" for kind, problem in report.problems.items()]
    told += [report.obstacle] if report.obstacle else []
    told += [f"again {sorted(again.ask.kinds)}" for again in report.again]
    return ", ".join(told)


class _Connected:
    """A shared connection that is open already, and stays so."""

    def __init__(self, connection: GraphConnection) -> None:
        self._connection = connection

    async def open(self, _: Settings) -> GraphConnection:
        return self._connection
