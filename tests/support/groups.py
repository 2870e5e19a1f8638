"""Work on the members and owners of emulated groups, as whoever works on a line of operations does it: examine, act, look."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connector.provisioning.contract import Acted, Planned, Principal, Seen, Task, Tools, Verdict
from connector.provisioning.entitlements import Entitlement
from connector.provisioning.kinds.groups import Groups
from connector.provisioning.kinds.principals import resolve
from connector.storage.records.operations import Action
from emulators.graph import GraphEmulator
from emulators.graph.tenant.state import Rel
from tests.support.kinds import task, with_tools

_RELATIONS = {"member": Rel.MEMBER, "owner": Rel.OWNER}
_numbers = itertools.count(1)


@dataclass
class Gone:
    """What came of one go on a line: by principal, whom it was about.

    Attributes:
        http: requests that it took, a batch being one.
    """

    verdicts: Mapping[str, Verdict]
    acted: Mapping[str, Acted] = field(default_factory=dict)
    seen: Mapping[str, Seen] = field(default_factory=dict)
    http: int = 0


class Groupwork:
    """The tenant of ``emulator``, and what is done about groups in it."""

    def __init__(self, emulator: GraphEmulator) -> None:
        self.emulator = emulator
        self.tenant = emulator.tenant

    def user(self, **properties: Any) -> str:
        return self.tenant.create_user(f"User {next(_numbers)}", properties=properties)

    def users(self, count: int) -> list[str]:
        return [self.user() for _ in range(count)]

    def group(self, *members: str, owners: Sequence[str] = (), **options: Any) -> str:
        """A group with these members and owners, whatever Graph would say to that."""
        group = self.tenant.create_group(f"Group {next(_numbers)}", **options)
        for one in members:
            self.tenant.add_member(group, one, as_system=True)
        for one in owners:
            self.tenant.add_owner(group, one, as_system=True)
        return group

    def application(self) -> str:
        return self.tenant.create_service_principal(f"Application {next(_numbers)}")

    @property
    def own(self) -> str:
        """The connector's own service principal."""
        row = self.tenant.db.execute(
            "SELECT id FROM objects WHERE type = 'servicePrincipal' AND json_extract(body, '$.appId') = ?",
            (self.tenant.client_id,),
        ).fetchone()
        return str(row[0])

    def holders(self, group: str, relation: str = "member") -> set[str]:
        """Who is a direct member or owner, whatever Graph shows."""
        rows = self.tenant.db.execute(
            "SELECT o.id FROM edges e JOIN objects o ON o.key = e.target WHERE e.rel = ? AND e.source = ?",
            (_RELATIONS[relation], self.tenant.find(group).key),
        )
        return {id_ for (id_,) in rows}

    def go(
        self,
        group: str,
        *,
        grant: Sequence[str] = (),
        revoke: Sequence[str] = (),
        relation: str = "member",
        deadline: float | None = None,
        only_examine: bool = False,
        look: bool = True,
        changes: Mapping[str, Any] | None = None,
        **wanted: Any,
    ) -> Gone:
        """One go on the line of ``group``; ``changes``: of the tasks, such as ``intended``."""
        entitlement = Entitlement("group", group, relation)

        async def work(tools: Tools) -> Gone:
            made = await self.tasks(tools, entitlement, grant=grant, revoke=revoke, **wanted)
            tasks = [replace(one, **dict(changes or {})) for one in made]
            principal = {one.id: one.principal.id for one in tasks}
            before = tools.session.stats.requests
            kind = Groups()
            verdicts = await kind.examine(tools, entitlement, tasks)
            gone = Gone({principal[id_]: one for id_, one in verdicts.items()})
            planned = [(one, plan) for one in tasks if isinstance(plan := verdicts[one.id], Planned)]
            if planned and not only_examine:
                acted = await kind.act(tools, entitlement, planned)
                gone.acted = {principal[id_]: one for id_, one in acted.items()}
                looked_for = [one for one, _ in planned] if look else []
                seen = await kind.look(tools, entitlement, looked_for)
                gone.seen = {principal[id_]: one for id_, one in seen.items()}
            gone.http = tools.session.stats.requests - before
            return gone

        return with_tools(self.emulator, work, deadline=deadline)

    async def tasks(
        self,
        tools: Tools,
        entitlement: Entitlement,
        *,
        grant: Sequence[str] = (),
        revoke: Sequence[str] = (),
        **wanted: Any,
    ) -> list[Task]:
        """Operations that may go on now. Who is not there stands for an account that is gone since it was looked up."""
        found = await resolve(tools, [*grant, *revoke])
        actions = [*((Action.GRANT, one) for one in grant), *((Action.REVOKE, one) for one in revoke)]
        return [
            task(
                action,
                entitlement.text,
                one if isinstance(one := found[name], Principal) else Principal(name, "account", name),
                **wanted,
            )
            for action, name in actions
        ]
