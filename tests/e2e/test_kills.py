"""Killed anywhere, delivered twice, late, in any order, at the same time: the snapshot is the same, byte for byte."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from connector.graph.delta import take_cursors
from connector.graph.session import GraphSession
from connector.graph.stats import GraphStats
from connector.storage import Store, SyncState, open_store
from connector.storage.records import StepMessage
from connector.sync.announcing import START
from connector.sync.board import Board
from connector.sync.context import Context, Graph, Meter, utc_now
from connector.sync.kinds import READERS
from connector.sync.local import run_full_sync
from connector.sync.requesting import claim_sync
from connector.sync.steps import take_step
from emulators.functions import FunctionsHost
from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate
from tests.support.deployments import Deployment, deploy
from tests.support.dying import Dying, Killed

APP = Path(__file__).parents[2]
SWITCHES = {"SIGN_IN_ACTIVITY": "true"}


@dataclass
class Engine:
    """The queue-driven engine against an emulated tenant, with the messages in the hands of a test."""

    deployment: Deployment
    store: Store
    session: GraphSession
    messages: list[StepMessage] = field(default_factory=list)

    async def begin(self) -> str:
        request = await claim_sync(self.store, utc_now(), take_over=True)
        self.messages.append(StepMessage(sync_id=request.sync_id, unit=START))
        return request.sync_id

    async def send(self, message: StepMessage, *, delay: float = 0) -> None:  # noqa: ARG002
        self.messages.append(message)

    async def take(self, message: StepMessage, dying: Dying | None = None, budget: float | None = 0.0) -> None:
        store: Any = dying or self.store

        @asynccontextmanager
        async def open_graph() -> AsyncIterator[Graph]:
            yield Graph(self.session, Meter(self.session.stats))

        context = Context(
            store=store,
            settings=self.deployment.settings,
            readers=READERS,
            take_cursors=take_cursors,
            open_graph=open_graph,
            send=dying.send if dying else self.send,
            board=Board(store, message.sync_id, alone=False),
            budget=budget,  # none is left after a page: every page is a step of its own
        )
        await take_step(context, message, last_try=False)

    async def hashes(self, sync_id: str) -> dict[str, str]:
        held = await self.store.current()
        assert held is not None
        assert held.record.snapshot_id == sync_id
        manifest = await self.store.manifest(sync_id)
        assert manifest.incomplete == {}
        return {name: facts.parts[0].sha256 for name, facts in manifest.tables.items()}


@dataclass(frozen=True)
class Undisturbed:
    """A tenant that does not change, and the hashes of the snapshot that an undisturbed sync makes of it."""

    deployment: Deployment
    hashes: dict[str, str]

    def run(self, test: Callable[[Engine], Awaitable[dict[str, str]]]) -> None:
        """Run ``test``, which must end with the same snapshot."""

        async def main() -> dict[str, str]:
            async with AsyncExitStack() as stack:
                store = await stack.enter_async_context(open_store(self.deployment.settings))
                session = GraphSession(self.deployment.settings, stats=GraphStats())
                return await test(Engine(self.deployment, store, await stack.enter_async_context(session)))

        assert asyncio.run(main()) == self.hashes


@pytest.fixture(scope="module")
def undisturbed(new_storage_account: Callable[[], str]):
    with GraphEmulator(generate(users=25, groups=20, seed=31)) as graph:
        deployment = deploy(graph, new_storage_account(), SWITCHES)
        result = asyncio.run(run_full_sync(deployment.settings))
        yield Undisturbed(deployment, {name: facts.parts[0].sha256 for name, facts in result.manifest.tables.items()})


@pytest.mark.parametrize("after", [False, True], ids=["before its effect", "after its effect"])
def test_killed_at_every_write_and_repeated(undisturbed: Undisturbed, after: bool) -> None:
    """Every delivery of a message dies one write later than the one before, until one lives: no write is left out."""

    async def test(engine: Engine) -> dict[str, str]:
        sync_id, deaths = await engine.begin(), 0
        while engine.messages:
            message = engine.messages.pop(0)
            for at in range(1, 200):
                try:
                    await engine.take(message, Dying(engine.store, engine.send, at, after=after), None)
                except Killed:
                    deaths += 1
                else:
                    break
        assert deaths > 60, "no write was left out"
        return await engine.hashes(sync_id)

    undisturbed.run(test)


@pytest.mark.parametrize("seed", range(4))
def test_in_any_order_twice_late_at_the_same_time_and_killed(undisturbed: Undisturbed, seed: int) -> None:
    chance = random.Random(seed)

    async def deliver(engine: Engine, message: StepMessage) -> None:
        dying = Dying(engine.store, engine.send, chance.randint(1, 12), after=chance.random() < 0.5)
        try:
            await engine.take(message, dying if chance.random() < 0.3 else None, chance.choice([0.0, None]))
        except Killed:
            engine.messages.append(message)  # the queue delivers it again

    async def test(engine: Engine) -> dict[str, str]:
        sync_id = await engine.begin()
        while engine.messages:
            chance.shuffle(engine.messages)
            some = [engine.messages.pop() for _ in range(min(len(engine.messages), chance.randint(1, 4)))]
            again = [message for message in some if chance.random() < 0.3]
            late = [message for message in some if chance.random() < 0.2]
            await asyncio.gather(*(deliver(engine, message) for message in some + again))
            engine.messages += late if len(engine.messages) < 30 else []
        return await engine.hashes(sync_id)

    undisturbed.run(test)


def test_a_host_that_is_killed_in_the_middle_is_followed_by_one_that_finishes(undisturbed: Undisturbed) -> None:
    environment = {**undisturbed.deployment.environment, "STEP_BUDGET_SECONDS": "1"}

    async def look(engine: Engine, sync_id: str) -> Any:
        progress = await engine.store.progress(sync_id)
        assert progress is not None
        return progress

    async def test(engine: Engine) -> dict[str, str]:
        deadline, reached = time.monotonic() + 60, set()
        sync_id = await engine.begin()
        await engine.store.send_step(engine.messages.pop())
        for stage in ("reading", "done"):
            with FunctionsHost(APP, environment, max_polling_ms=50, queue_lock_seconds=3) as host:
                while time.monotonic() < deadline:
                    progress = await look(engine, sync_id)
                    if progress.state.final or (progress.stage == stage and any(kind.rows for kind in progress.kinds)):
                        break
                    await asyncio.sleep(0.02)
                reached.add(progress.stage)
                if progress.state.final:
                    break
                host.kill()
        assert progress.state is SyncState.PUBLISHED
        assert {"reading", "done"} <= reached
        return await engine.hashes(sync_id)

    undisturbed.run(test)
