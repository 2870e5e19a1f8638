"""One deployment and everything around it, for many histories: each begins where the first full sync had ended."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import ContainerClient

from connector.graph.connection import GraphConnection
from connector.incremental.replica import Replica, bring_up
from connector.settings import Settings
from connector.storage import Store, open_store
from connector.storage.records import Cause, Current, Lane, WakeMessage
from emulators.graph import GraphEmulator, Variants
from emulators.graph.tenant.tenant import Tenant
from tests.support.deployments import Deployment, deploy
from tests.support.histories import small_tenant
from tests.support.worlds.disturbed import Leases, WorkerStore
from tests.support.worlds.journals import Journal
from tests.support.worlds.postbox import Postbox
from tests.support.worlds.syncing import Syncing
from tests.support.worlds.tenancy import Tenancy
from tests.support.worlds.vault import Vault
from tests.support.worlds.workers import Worker, bound

T = TypeVar("T")
WORKERS = 2
_MOMENT = 0.001


class World:
    """A tenant, its Graph, storage, two workers that take rounds, full syncs, and the messages between them.

    Args:
        seed: of the tenant. Odd ones have a Graph whose delta leaves out service principals as members.
        storage_account: the connection string of an empty storage account.
        folder: where the workers keep their replicas.

    Attributes:
        postbox: the changes queue.
        syncing: full syncs, and their messages.
    """

    def __init__(self, seed: int, storage_account: str, folder: Path) -> None:
        self._seed = seed
        self._account = storage_account
        self._folder = folder
        self._runner = asyncio.Runner()
        self._closing = AsyncExitStack()
        self._patches = ExitStack()
        self._noted: Current | None = None
        self._variants = Variants(delta_includes_service_principals=seed % 2 == 0)
        self.leases = Leases()

    def __enter__(self) -> Self:
        self.tenant = self._make_tenant()
        self.graph = GraphEmulator(self.tenant, variants=self._variants).__enter__()
        self.graph.clock.stop()
        self.deployment: Deployment = deploy(self.graph, self._account, {})
        self.postbox = Postbox(self.graph.clock.now)
        self.settings: Settings = self._settings()
        self._container = ContainerClient.from_connection_string(self.settings.storage, self.settings.container)
        self.journal = Journal(self._read, self.settings.tenant_id)
        self._patches.enter_context(bound(self))
        self.run(self._open())
        self._tenancy, self._vault = Tenancy(self.graph), Vault(self.settings)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.run(self._close())
        self._runner.close()
        self._patches.close()
        self._vault.close()
        self._container.close()
        self.graph.__exit__(None, None, None)
        self.tenant.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do asynchronous work to its end, always on the same event loop."""
        return self._runner.run(work)

    def begin(self) -> None:
        """Begin another history: everything is as it was after the first full sync, and time, too."""
        self._tenancy.go_back()
        self.graph.variants = self._variants
        self._vault.go_back()
        self.journal.forget()
        self._noted = None
        self.postbox.clear()
        self.leases = Leases()
        self.syncing.messages.clear()
        self.run(self._new_workers())

    def now(self) -> datetime:
        """The time, on Graph's clock. It stands still but for steps of a test, and a moment whenever somebody asks."""
        self.graph.clock.advance(_MOMENT)
        return self.graph.clock.utc()

    def wake(self, cause: Cause, lane: Lane = Lane.DIRECTORY, *kinds: str) -> WakeMessage:
        """A message as an endpoint or a timer would send it now."""
        return WakeMessage(lane=lane, cause=cause, seen_at=self.now(), kinds=kinds)

    def note(self) -> None:
        """Note what is in force, and check that nothing that was noted before has been taken back.

        Whoever has followed the journal must not have followed a lie.
        """
        current, before = self.journal.current(), self._noted
        assert current is not None
        self._noted = current
        if before is None:
            return
        assert current.journal_head >= before.journal_head, "the journal has become shorter"
        assert current.snapshot_id >= before.snapshot_id, "an older snapshot is in force"
        gone = {ref for ref in before.segments if ref.last > current.journal_base} - {*current.segments}
        assert not gone, f"segments were in force and are not any more: {sorted(ref.first for ref in gone)}"

    def worker_store(self, **disturbance: Any) -> WorkerStore:
        """The store for one piece of work; see :class:`WorkerStore`."""
        return WorkerStore(self.store, self.postbox, self.leases, self.syncing.send, **disturbance)

    async def restart(self, index: int, *, forget: bool = False) -> None:
        """A worker's process ends and another begins, on the same disk or (``forget``) on an empty one."""
        await self.workers[index].close()
        folder = self.workers[index].folder
        if forget:
            shutil.rmtree(folder, ignore_errors=True)
        self.workers[index] = Worker(self, folder)

    def _make_tenant(self) -> Tenant:
        return small_tenant(self._seed)

    def _settings(self) -> Settings:
        return self.deployment.settings

    async def _open(self) -> None:
        enter = self._closing.enter_async_context
        self.store: Store = await enter(open_store(self.settings))
        self.connection: GraphConnection = await enter(GraphConnection(self.settings))
        self.syncing = Syncing(self.settings, self.store, self.connection, self.now)
        await self.syncing.run()
        self.workers = [Worker(self, self._folder / f"worker-{index}") for index in range(WORKERS)]
        await self._keep_a_replica()

    async def _keep_a_replica(self) -> None:
        """What every worker begins with: to load a snapshot takes as long as a round."""
        held = await self.store.current()
        assert held is not None
        replica = Replica(self._folder / "loaded")
        try:
            await bring_up(self.store, replica, held.record)
        finally:
            replica.close()

    async def _new_workers(self) -> None:
        for index, worker in enumerate(self.workers):
            await worker.close()
            shutil.rmtree(worker.folder, ignore_errors=True)
            shutil.copytree(self._folder / "loaded", worker.folder)
            self.workers[index] = Worker(self, worker.folder)

    async def _close(self) -> None:
        for worker in self.workers:
            await worker.close()
        await self._closing.aclose()

    def rewrite(self, name: str, change: Callable[[bytes], bytes]) -> None:
        """Change the content of a blob behind everybody's back."""
        data = self._container.download_blob(name).readall()
        altered = change(data)
        assert altered != data
        self._container.upload_blob(name, altered, overwrite=True)

    def _read(self, name: str) -> bytes | None:
        try:
            return self._container.download_blob(name).readall()
        except ResourceNotFoundError:
            return None
