"""A worker process that works on operations: the product's own provisioner, on the world's clock, queues and connection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, tzinfo
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from connector.graph.errors import GraphError
from connector.graph.session import GraphSession
from connector.incremental.operations import journal_effects
from connector.provisioning import provisioner
from connector.provisioning.audit.writing import AuditTrail
from connector.provisioning.kinds.principals import resolve
from connector.provisioning.kinds.registry import kind_of
from connector.provisioning.provisioner import Provisioner
from connector.provisioning.working import going, helping, journalling
from connector.provisioning.working.context import Collaborators
from connector.provisioning.working.effects import Effects, Journalled
from connector.provisioning.working.journalling import journal_together
from connector.settings import Settings
from connector.storage import StorageError
from tests.support.operating.mailbox import MOST_DELIVERIES, Mail
from tests.support.worlds import workers
from tests.support.worlds.workers import Worker, using

if TYPE_CHECKING:
    from tests.support.operating.world import OperatedWorld


@contextmanager
def bound(world: OperatedWorld) -> Iterator[None]:
    """While this lasts, what works on operations asks ``world`` for the time and for its store, and looks twice without waiting."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return world.now().astimezone(tz)

    @asynccontextmanager
    async def open_store(_: Settings) -> AsyncIterator[Any]:
        yield workers._STORE.get()

    with pytest.MonkeyPatch.context() as patch:
        for module in (provisioner, helping):
            patch.setattr(module, "datetime", Clock)
        patch.setattr(provisioner, "open_store", open_store)
        patch.setattr(provisioner, "time", SimpleNamespace(monotonic=world.graph.clock.now))
        patch.setattr(going, "LOOKS_S", (0.0, 0.0))
        patch.setattr(journalling, "journal_effects", partial(journal_effects, now=world.now))
        yield


class Process:
    """One process that takes messages of the operations queue; its rounds are taken by ``worker``."""

    def __init__(self, world: OperatedWorld, worker: Worker) -> None:
        self._world = world
        self.worker = worker
        self._provisioner = Provisioner(worker.follower, self._collaborators())

    async def take(self, mail: Mail, store: Any = None, *, helping: bool = False) -> str:
        """Take a message as the host gives it; what came of it. What failed is delivered again, and is poison in the end.

        Args:
            helping: whether it may work on other lines as well, beside this one, as it does of itself with what is delivered for the
                first time; by default one line at a time is worked on, so that the same history is the same.
        """
        world = self._world
        with using(store or world.operating_store()):
            try:
                delivery = mail.deliveries if helping else max(2, mail.deliveries)
                await self._provisioner.take_message(world.settings, mail.text, delivery=delivery, message_id=mail.id)
            except (GraphError, StorageError) as error:
                if mail.deliveries < MOST_DELIVERIES:
                    world.mailbox.put_back(mail)
                    return f"failed: {type(error).__name__} {error}"
                with using(world.operating_store()):
                    await self._provisioner.bury(world.settings, mail.text)
                return f"poison: {error}"
        return "taken"

    def _collaborators(self) -> Collaborators:
        world = self._world

        @asynccontextmanager
        async def open_graph(settings: Settings, deadline: float) -> AsyncIterator[GraphSession]:
            async with GraphSession(settings, deadline=deadline, connection=world.connection) as session:
                yield workers._STORE.get().on_the_wire(session)

        async def journal(effects: Sequence[Effects]) -> Journalled:
            return await journal_together(self.worker.follower, effects)

        return Collaborators(kind_of, resolve, journal, AuditTrail(now=world.now).append, open_graph, world.now)
