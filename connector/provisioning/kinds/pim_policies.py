"""Role settings: what Privileged Identity Management demands of an administrator who assigns a role, and what of it is not met.

https://learn.microsoft.com/graph/identity-governance-pim-rules-overview
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.access.base import GraphObject
from connector.graph.paging import pages
from connector.graph.session import GraphSession
from connector.provisioning.kinds.addresses import filtered
from connector.provisioning.kinds.pim_times import SAME_WITHIN, duration, said, written
from connector.provisioning.refusals import problem
from connector.storage.records.operations import Problem, Wanted


class _Rule(GraphObject):
    id: str
    is_expiration_required: bool | None = None
    maximum_duration: str | None = None
    enabled_rules: list[str] | None = None


class _Policy(GraphObject):
    rules: list[_Rule] | None = None


class _PolicyAssignment(GraphObject):
    policy: _Policy | None = None


@dataclass(frozen=True, slots=True)
class Demands:
    """What is demanded of an administrator.

    Attributes:
        end: that it ends.
        longest: and how long it may last; None: as long as one likes.
        justification, ticket, mfa: that the request has these.
    """

    end: bool = False
    longest: timedelta | None = None
    justification: bool = False
    ticket: bool = False
    mfa: bool = False

    def unmet(self, wanted: Wanted, now: datetime) -> Problem | None:
        """What of this ``wanted`` does not meet, all of it in one sentence; None where it meets everything."""
        starts = max(wanted.starts_at or now, now)
        latest = None if self.longest is None else starts + self.longest
        demanded, remedies = [], []
        if self.end and wanted.expires_at is None:
            demanded.append("an end" if self.longest is None else f"an end within {said(self.longest)}")
            remedies.append("expires_at" if latest is None else f"expires_at before {written(latest)}")
        elif self.end and latest is not None and wanted.expires_at and wanted.expires_at > latest + SAME_WITHIN:
            demanded.append(f"that it lasts for {said(self.longest or timedelta())} at most")
            remedies.append(f"expires_at before {written(latest)}")
        if self.justification and not wanted.justification.strip():
            demanded.append("a justification")
            remedies.append("a justification")
        if self.ticket and not wanted.ticket:
            demanded.append("a ticket")
            remedies.append("ticket, the number of the ticket")
        remedy = f"Ask again with {' and '.join(remedies)}." if remedies else ""
        if self.mfa:
            demanded.append("multifactor authentication of whoever assigns the role, which no application can give")
            remedy += (" " if remedy else "") + (
                "Have a person assign it in the Microsoft Entra admin center, or have the requirement removed from the role's settings."
            )
        if not demanded:
            return None
        sentence = f"The role's settings in Privileged Identity Management demand {' and '.join(demanded)}."
        return problem("pim_policy", sentence, remedy)


async def read_demands(session: GraphSession, role_id: str, level: str) -> Demands:
    """What the role's settings demand, in one request.

    Args:
        role_id: id of the role definition.
        level: ``Assignment`` or ``Eligibility``.

    Raises:
        GraphError: as :meth:`~connector.graph.session.GraphSession.get` does.
    """
    wanted = f"scopeId eq '/' and scopeType eq 'DirectoryRole' and roleDefinitionId eq '{role_id}'"
    path = filtered("/policies/roleManagementPolicyAssignments", wanted, "&$expand=policy($expand=rules)")
    rules: dict[str, _Rule] = {}
    async for page in pages(session, f"{session.base_url}{path}", _PolicyAssignment):
        for one in page.value:
            rules |= {rule.id: rule for rule in (one.policy.rules or [] if one.policy else [])}
    expiration = rules.get(f"Expiration_Admin_{level}", _Rule(id=""))
    enabled = {name.lower() for name in rules.get(f"Enablement_Admin_{level}", _Rule(id="")).enabled_rules or []}
    return Demands(
        end=bool(expiration.is_expiration_required),
        longest=duration(expiration.maximum_duration) if expiration.is_expiration_required else None,
        justification="justification" in enabled,
        ticket="ticketing" in enabled,
        mfa="multifactorauthentication" in enabled,
    )
