"""A tenant, a deployment that may change it, and one operation at a time from asking to its record."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.storage.blob import ContainerClient

from connector.incremental.service import Follower
from connector.provisioning.asking.accepting import Asked, accept
from connector.provisioning.provisioner import Provisioner
from connector.provisioning.working.context import collaborators_of
from connector.settings import Settings
from connector.storage import open_store
from connector.storage.names import line_name
from connector.storage.records import Action, LineMessage, Operation, Requester, Wanted
from emulators.graph import GraphEmulator, Variants
from emulators.graph.tenant.tenant import CONNECTOR_PERMISSIONS, Tenant
from tests.support.deployments import deploy
from tests.support.roles import WRITES

_PERMISSIONS = (*CONNECTOR_PERMISSIONS, *WRITES)
_ME = Requester(kind="function_key")
_numbers = itertools.count(1)


class Stage:
    """The tenant of ``graph``, and a deployment that may grant and revoke there.

    Attributes:
        later: by how much the worker's clock is ahead.
        meanwhile: happens once, when something has been tried and has not ended.
    """

    def __init__(self, graph: GraphEmulator, storage: str) -> None:
        self.graph = graph
        self._deployment = deploy(graph, storage)
        self.reset()

    def reset(self) -> None:
        """As at the beginning, but for who is there."""
        self.graph.faults.clear()
        self.graph.variants = Variants()
        self.permit(_PERMISSIONS)
        self.tenant.set_fact("entra_id_p2", "true")
        for table in ("role_policy_rules", "role_assignments", "role_schedules", "role_schedule_requests"):
            self.tenant.db.execute(f"DELETE FROM {table}")
        self.break_glass: frozenset[str] = frozenset()
        self.later = timedelta()
        self.meanwhile: Callable[[], Any] = lambda: None
        with self._container() as container:
            blob = container.get_blob_client(self._policy)
            if blob.exists():
                blob.delete_blob()

    @property
    def tenant(self) -> Tenant:
        return self.graph.tenant

    @property
    def own(self) -> str:
        """The connector's own service principal."""
        row = self.tenant.db.execute(
            "SELECT id FROM objects WHERE type = 'servicePrincipal' AND json_extract(body, '$.appId') = ?",
            (self.tenant.client_id,),
        ).fetchone()
        return str(row[0])

    def user(self) -> str:
        return self.tenant.create_user(f"User {next(_numbers)}")

    def application(self) -> str:
        return self.tenant.create_service_principal(f"Application {next(_numbers)}")

    def unit(self) -> str:
        """The scope of a new administrative unit."""
        return f"/administrativeUnits/{self.tenant.create_administrative_unit(f'Unit {next(_numbers)}')}"

    def group(self, *members: str, owners: Sequence[str] = (), **options: Any) -> str:
        """A group with these members and owners, whatever Graph would say to that."""
        group = self.tenant.create_group(f"Group {next(_numbers)}", **options)
        for one in members:
            self.tenant.add_member(group, one, as_system=True)
        for one in owners:
            self.tenant.add_owner(group, one, as_system=True)
        return group

    def permit(self, permissions: Sequence[str]) -> None:
        """The connector has these permissions, and no others."""
        self.tenant.set_permissions(permissions)

    def forbid(self, *permissions: str) -> None:
        """It has all that it may need but these."""
        self.permit([one for one in _PERMISSIONS if one not in permissions])

    def policy(self, document: Mapping[str, Any] | bytes) -> None:
        """What operations may touch."""
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        with self._container() as container:
            container.upload_blob(self._policy, data, overwrite=True)

    def demand(self, role: str, level: str, kind: str, **rule: Any) -> None:
        """Change a rule of a role's settings in Privileged Identity Management."""
        made = {"id": f"{kind}_Admin_{level}", "@odata.type": f"#microsoft.graph.unifiedRoleManagementPolicy{kind}Rule"}
        self.tenant.db.execute(
            "INSERT OR REPLACE INTO role_policy_rules VALUES (?, ?, ?)", (role, made["id"], json.dumps(made | rule))
        )

    def within(self, **length: float) -> datetime:
        """A time to come."""
        return datetime.now(UTC) + timedelta(**length)

    def do(self, wanted: Wanted, *, until: timedelta = timedelta(hours=2)) -> Operation:
        """Ask, and work on it until it has ended, or ``until`` is over on the worker's clock: its record."""
        return asyncio.run(self._do(wanted, until))

    async def _do(self, wanted: Wanted, until: timedelta) -> Operation:
        settings, began = self._settings, self.later
        follower = Follower()
        others = replace(collaborators_of(follower), now=lambda: datetime.now(UTC) + self.later)
        provisioner = Provisioner(follower, others)
        message = LineMessage(line=line_name(wanted.entitlement))
        try:
            async with open_store(settings) as store:
                accepted = await accept(store.operations, settings, Asked([wanted], _ME), datetime.now(UTC))
                [asked] = accepted.operations
                while True:
                    await provisioner.take_message(settings, json.dumps({"line": message.line}))
                    bundle = await store.operations.bundle(asked.id.rpartition("-")[0])
                    assert bundle is not None
                    [one] = bundle.record.operations
                    if not one.status.open or self.later - began >= until:
                        return one
                    self.meanwhile()
                    self.meanwhile = lambda: None
                    self.later += timedelta(minutes=1)
                    self.graph.clock.advance(60)
        finally:
            await follower.close()

    @property
    def _settings(self) -> Settings:
        return replace(self._deployment.settings, provisioning_enabled=True, break_glass_accounts=self.break_glass)

    def _container(self) -> ContainerClient:
        settings = self._deployment.settings
        return ContainerClient.from_connection_string(settings.storage, settings.container)

    @property
    def _policy(self) -> str:
        return f"{self._deployment.settings.tenant_id}/operations/policy.json"


def wanted(action: str, entitlement: str, principal: str, **more: Any) -> Wanted:
    """One operation."""
    given = {"justification": "Is needed"} | more
    return Wanted(action=Action(action), entitlement=entitlement, principal=principal, **given)


def grant(entitlement: str, principal: str, **more: Any) -> Wanted:
    """To give it."""
    return wanted("grant", entitlement, principal, **more)


def revoke(entitlement: str, principal: str, **more: Any) -> Wanted:
    """To take it away."""
    return wanted("revoke", entitlement, principal, **more)


def member(group: str) -> str:
    return f"group:{group}:member"


def owner(group: str) -> str:
    return f"group:{group}:owner"


def assigned(role: str) -> str:
    return f"directory_role:{role}:assigned"


def eligible(role: str) -> str:
    return f"directory_role:{role}:eligible"
