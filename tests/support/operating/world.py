"""A world in which operations are asked for and worked on."""

from __future__ import annotations

import dataclasses
import random
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from connector.provisioning.asking.accepting import Asked
from connector.settings import Settings
from connector.storage.records import Operation
from emulators.graph.tenant.tenant import CONNECTOR_PERMISSIONS, Tenant
from tests.support.histories import ROLES, small_tenant
from tests.support.operating.ledger import Ledger
from tests.support.operating.lines import Lines
from tests.support.operating.mailbox import Mailbox
from tests.support.operating.process import Process, bound
from tests.support.operating.stores import OperatingStore
from tests.support.worlds.world import World

_SCHEDULES = ("RoleAssignmentSchedule.ReadWrite.Directory", "RoleEligibilitySchedule.ReadWrite.Directory")


@dataclass(frozen=True, slots=True)
class Cast:
    """Those of whom operations are asked for: what there is from the beginning, by id."""

    accounts: tuple[str, ...]
    groups: tuple[str, ...]
    role_assignable: tuple[str, ...]
    applications: tuple[str, ...]
    units: tuple[str, ...]
    roles: tuple[str, ...] = ROLES


class OperatedWorld(World):
    """A :class:`World` that may grant and revoke.

    Attributes:
        mailbox: the operations queue.
        ledger: what the tenant says of who changed what.
        lines: the order in which operations were accepted.
        cast: of whom operations are asked for.
        requests: what was asked for under a key, to be asked for again.
    """

    def __init__(self, seed: int, storage_account: str, folder: Path) -> None:
        super().__init__(seed, storage_account, folder)
        self._number = seed
        self._bound = ExitStack()
        self.lines = Lines(self.now)
        self.requests: list[Asked] = []

    def __enter__(self) -> Self:
        super().__enter__()
        self.mailbox = Mailbox(self.graph.clock.now)
        self.ledger = Ledger(self.graph)
        self._bound.enter_context(bound(self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bound.close()
        self.ledger.close()
        super().__exit__(kind, error, trace)

    def begin(self) -> None:
        """Begin another history."""
        super().begin()
        self.mailbox.mails.clear()
        self.lines.clear()
        self.requests.clear()
        self.ledger.begin()
        self._processes: dict[int, Process] = {}

    def process(self, index: int) -> Process:
        """A worker of operations; where its rounds' worker was started anew, a new one."""
        worker, known = self.workers[index], self._processes.get(index)
        if known is None or known.worker is not worker:
            known = self._processes[index] = Process(self, worker)
        return known

    def operating_store(self, **disturbance: Any) -> OperatingStore:
        """The store for one piece of work on operations."""
        return OperatingStore(self, **disturbance)

    async def operations(self) -> list[Operation]:
        """Every operation that there is, as its record stands, in the order in which they were accepted."""
        real = self.store.operations
        ids = [id_ for day in await real.days() for id_ in await real.bundles_of(day)]
        found = await real.bundles(ids)
        all_ = [one for held in found.values() for one in held.record.operations]
        return sorted(all_, key=self.lines.order)

    def _make_tenant(self) -> Tenant:
        tenant = small_tenant(self._number, changes=8)
        tenant.set_permissions([*CONNECTOR_PERMISSIONS, *_SCHEDULES])
        self.cast = _cast(tenant, random.Random(f"cast {self._number}"))
        tenant.settle()
        return tenant

    def _settings(self) -> Settings:
        return dataclasses.replace(self.deployment.settings, provisioning_enabled=True)


def _cast(tenant: Tenant, chance: random.Random) -> Cast:
    accounts = tuple(tenant.create_user(f"Actor {number}") for number in range(4))
    plain = tuple(tenant.create_group(f"Stage {number}") for number in range(2))
    team = tenant.create_group("Company", kind="microsoft_365")
    privileged = (tenant.create_group("Privileged", role_assignable=True),)
    groups = (*plain, team, *privileged)
    for group in groups:
        for one in chance.sample(accounts, 2):
            tenant.add_member(group, one)
        tenant.add_owner(group, chance.choice(accounts))
    application = tenant.create_service_principal("Actress")
    tenant.assign_role(accounts[0], ROLES[0])
    tenant.assign_role(accounts[1], ROLES[0])
    tenant.make_eligible(accounts[2], ROLES[1])
    unit = tenant.create_administrative_unit("Province")
    return Cast(accounts, groups, privileged, (application,), (unit,))
