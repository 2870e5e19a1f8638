"""Whether taking something away would leave nobody who is an active Global Administrator: a tenant that nobody can administer.

Who counts is an account that is enabled and holds the role now, over the whole tenant: directly, for ever or for a time, because an
eligibility is activated, or as a member of a group that holds it. Whether the account is for emergencies makes no difference: it can
sign in. What does not count: disabled and deleted accounts; service principals, because people who are locked out cannot sign in as one;
who is eligible and has not activated it, because that may need approval; the role limited to a part of the tenant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Self, TypeVar

import msgspec

from connector.access.base import GraphObject, principal_kind
from connector.access.collections import Collection
from connector.access.decoding import decode
from connector.access.roles import RoleAssignment
from connector.graph.batch import send_batch
from connector.graph.errors import GraphError, RequestRefused
from connector.graph.paging import pages
from connector.graph.session import GraphSession
from connector.provisioning.kinds.addresses import filtered

T = TypeVar("T")

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
"""Template and definition id of the role.
https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference#global-administrator"""

_ASSIGNMENTS = filtered("/roleManagement/directory/roleAssignments", f"roleDefinitionId eq '{GLOBAL_ADMINISTRATOR}'")
ALONE = "global-administrators"
"""Name of what only one may do at a time: :meth:`connector.provisioning.contract.Kind.exclusive`."""

_ITSELF = ""
"""By its own assignment, in place of the id of a group."""


class _Account(GraphObject):
    id: str
    account_enabled: bool | None = None


class _Member(GraphObject):
    id: str
    kind: str | None = msgspec.field(default=None, name="@odata.type")
    account_enabled: bool | None = None


class GlobalAdministrators:
    """Who is an active Global Administrator, and by what. Read once for everything that is decided together.

    Two workers that take different things away at the same moment do not see each other: whoever may take something away holds the lease
    :data:`ALONE` from before it is read until what was written shows.
    """

    def __init__(self, ways: Mapping[str, Iterable[str]]) -> None:
        """``ways``: of each account that counts, ids of the groups that it is one through; an empty one for its own assignment."""
        self._ways = {account.lower(): {one.lower() for one in through} for account, through in ways.items()}

    @classmethod
    async def read(cls, session: GraphSession) -> Self:
        """As Graph says it now: one request for the assignments, one batch for ten holders.

        Raises:
            RequestRefused: it may not be read, so the guard cannot be kept and nothing may be taken away.
            GraphError: as :meth:`~connector.graph.session.GraphSession.get` does.
        """
        holders: set[str] = set()
        async for page in pages(session, f"{session.base_url}{_ASSIGNMENTS}", RoleAssignment):
            holders |= {one.principal_id for one in page.value if one.principal_id and _whole_tenant(one)}
        ways: dict[str, set[str]] = defaultdict(set)
        for account in await _enabled_accounts(session, holders):
            ways[account].add(_ITSELF)
        for group, members in (await _enabled_members(session, holders)).items():
            for member in members:
                ways[member].add(group)
        return cls(ways)

    def take(self, holder_id: str) -> bool:
        """Take what ``holder_id``, an account or a group, is assigned itself away in thought.

        Returns:
            Whether that may be: somebody is left, or nobody is concerned. Where it may not be, it is not taken in thought either, so
            that of several the first may go on.
        """
        holder = holder_id.lower()
        return self._without({(holder, _ITSELF)} | {(account, holder) for account in self._ways})

    def take_membership(self, group_id: str, member_id: str) -> bool:
        """The same for the membership of ``member_id`` in ``group_id``, which may hold the role or not."""
        return self._without({(member_id.lower(), group_id.lower())})

    def _without(self, taken: set[tuple[str, str]]) -> bool:
        left = {
            account: kept
            for account, through in self._ways.items()
            if (kept := {one for one in through if (account, one) not in taken})
        }
        if self._ways and not left:
            return False
        self._ways = left
        return True


def _whole_tenant(assignment: RoleAssignment) -> bool:
    return (assignment.app_scope_id or assignment.directory_scope_id) == "/"


async def _enabled_accounts(session: GraphSession, ids: Iterable[str]) -> list[str]:
    """Those of ``ids`` that are accounts, and enabled."""
    targets = {one: f"/users/{one}?$select=id,accountEnabled" for one in ids}
    answers = await send_batch(session, targets, partial(decode, kind=_Account))
    return [key for key, account in _found(answers).items() if account.account_enabled]


async def _enabled_members(session: GraphSession, ids: Iterable[str]) -> dict[str, list[str]]:
    """Enabled accounts that are members of those of ``ids`` that are groups. Groups that hold roles have no groups in them.

    https://learn.microsoft.com/entra/identity/role-based-access-control/groups-concept#how-are-role-assignable-groups-protected
    """
    targets = {one: f"/groups/{one}/members?$select=id,accountEnabled&$top=999" for one in ids}
    answers = await send_batch(session, targets, partial(decode, kind=Collection[_Member]))
    found: dict[str, list[str]] = {}
    for group, first in _found(answers).items():
        members = list(first.value)
        if first.next_link is not None:
            async for page in pages(session, first.next_link, _Member):
                members += page.value
        found[group] = [one.id for one in members if one.account_enabled and principal_kind(one.kind) == "account"]
    return found


def _found(answers: Mapping[str, T | GraphError]) -> dict[str, T]:
    """Without what is not there, or is something else.

    Raises:
        GraphError: the first other error.
    """
    found = {}
    for key, answer in answers.items():
        if isinstance(answer, RequestRefused) and answer.not_found:
            continue
        if isinstance(answer, GraphError):
            raise answer
        found[key] = answer
    return found
