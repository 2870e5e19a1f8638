"""What a group is, and who of many is a direct member or owner of it, with few requests.

What was not read to its end says nothing about who is not there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from connector.access.base import Reference, principal_kind
from connector.access.collections import Collection
from connector.access.decoding import NotJson, decode
from connector.access.groups import Group
from connector.graph.errors import GraphError, RequestRefused, UnexpectedAnswer
from connector.graph.paging import pages
from connector.graph.session import GraphSession
from connector.graph.sweep import sweep
from connector.provisioning.contract import Principal
from connector.provisioning.kinds.addresses import filtered
from connector.provisioning.kinds.group_references import PLURAL

MOST_IN_FILTER = 15
"""Most ids that one filter may name: more are refused as too many child clauses."""

_GROUP = "id,displayName,groupTypes,mailEnabled,securityEnabled,visibility,isAssignableToRole,onPremisesSyncEnabled"


@dataclass(slots=True)
class Related:
    """Who is a direct member or owner: ids of those who are, and of whom that could not be found out, with the reason."""

    there: set[str] = field(default_factory=set)
    unknown: dict[str, GraphError] = field(default_factory=dict)


async def read_group(session: GraphSession, group_id: str) -> Group:
    """The group as Graph says it is now.

    Raises:
        RequestRefused: there is none, or it may not be read.
        GraphError: as :meth:`~connector.graph.session.GraphSession.get` does.
    """
    reply = await session.get(f"{session.base_url}/groups/{group_id}?$select={_GROUP}")
    try:
        return decode(reply.body, Group)
    except NotJson as error:
        raise UnexpectedAnswer(f"Graph answered /groups/{group_id} with something else: {error}") from None


async def read_owners(session: GraphSession, group_id: str) -> Mapping[str, str]:
    """All owners: kinds by id.

    Raises:
        GraphError: not all of them can be read.
    """
    url = f"{session.base_url}/groups/{group_id}/owners?$select=id&$top=999"
    return {one.id.lower(): principal_kind(one.kind) async for one in _listed(session, url)}


async def related(session: GraphSession, group_id: str, relation: str, principals: Sequence[Principal]) -> Related:
    """Who of ``principals`` is a direct ``member`` or ``owner`` of the group.

    One request answers for up to fifteen, or for the members of a group of up to 999; larger groups cost one more for every fifteen.
    v1.0 leaves service principals out of the members of a group in some tenants, so those not among them are asked themselves.
    https://learn.microsoft.com/graph/api/group-list-members

    Raises:
        GraphError: the group's side cannot be read.
    """
    if not principals:
        return Related()
    if relation == "owner":
        owners = await read_owners(session, group_id)
        return Related({one.id for one in principals if one.id in owners})
    found = Related(await _members(session, group_id, [one.id for one in principals]))
    hidden = [one for one in principals if one.kind == "service_principal" and one.id not in found.there]
    await _ask_themselves(session, group_id, hidden, found)
    return found


async def _members(session: GraphSession, group_id: str, ids: Sequence[str]) -> set[str]:
    wanted, found = set(ids), set[str]()
    url = f"{session.base_url}/groups/{group_id}/{PLURAL['member']}?$select=id&$top=999"
    if len(wanted) > MOST_IN_FILTER:
        async for page in pages(session, url, Reference):
            found |= wanted & _complete(page)
            if page.next_link is None or found == wanted:
                return found
            break
    try:
        return found | await _by_filter(session, group_id, sorted(wanted - found))
    except RequestRefused as refused:
        if refused.status != 400:
            raise
    return found | {one.id.lower() async for one in _listed(session, url)} & wanted  # a service that has no such filter


async def _by_filter(session: GraphSession, group_id: str, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    path = f"/groups/{group_id}/{PLURAL['member']}"
    parts = [ids[start : start + MOST_IN_FILTER] for start in range(0, len(ids), MOST_IN_FILTER)]
    targets = {
        str(number): filtered(path, f"id in ({','.join(repr(one) for one in part)})", "&$select=id&$top=999")
        for number, part in enumerate(parts)
    }
    async for answered in sweep(session, list(targets), targets.__getitem__, Collection[Reference]):
        for answer in answered.answers:
            found |= _complete(answer.required())
    return found


async def _ask_themselves(
    session: GraphSession, group_id: str, principals: Sequence[Principal], found: Related
) -> None:
    """Ask service principals what they are members of; one of whom that cannot be read is unknown."""
    ids = [one.id for one in principals]
    async for part in sweep(
        session, ids, lambda one: f"/servicePrincipals/{one}/memberOf?$select=id&$top=999", Collection[Reference]
    ):
        for answer in part.answers:
            if isinstance(answer.content, GraphError):
                found.unknown[answer.key] = answer.content
            elif group_id in _complete(answer.content):
                found.there.add(answer.key)


async def _listed(session: GraphSession, url: str) -> AsyncIterator[Reference]:
    """A list to its end."""
    async for page in pages(session, url, Reference):
        _complete(page)
        for one in page.value:
            yield one


def _complete(page: Collection[Reference]) -> set[str]:
    """The ids on a page.

    Raises:
        UnexpectedAnswer: something on it cannot be understood, so that who is not among them may be there all the same.
    """
    if page.unreadable:
        raise UnexpectedAnswer("Graph lists members or owners that cannot be understood")
    return {one.id.lower() for one in page.value}
