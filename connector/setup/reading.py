"""Reads what there is in a tenant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar
from urllib.parse import quote

import msgspec

from connector.access.decoding import NotJson, decode
from connector.graph.errors import RequestRefused, UnexpectedAnswer
from connector.graph.paging import pages
from connector.graph.session import GraphSession
from connector.permissions import MICROSOFT_GRAPH
from connector.setup.errors import SetupProblem, Unclear
from connector.setup.tenant import Federated, Found, Principal, Registration
from connector.setup.wanted import Kind, Wanted

_PROPERTIES = "id,appId,displayName,signInAudience,tags,web,requiredResourceAccess,appRoles,identifierUris,passwordCredentials,keyCredentials"
_SYSTEM_ASSIGNED = "isExplicit=False"
"""Among the alternative names of the service principal of an identity that lives with one resource."""
_T = TypeVar("_T")


class _AppRole(msgspec.Struct):
    id: str


class _Principal(msgspec.Struct, rename="camel"):
    id: str
    app_id: str
    app_roles: list[_AppRole] = []
    alternative_names: list[str] = []


class _Assignment(msgspec.Struct, rename="camel"):
    id: str
    app_role_id: str
    resource_id: str


async def read_tenant(session: GraphSession, wanted: Wanted) -> Found:
    """What there is.

    Raises:
        Unclear: several app registrations could be meant.
        SetupProblem: what was named is not there.
        GraphError: Graph refuses, or cannot be asked.
    """
    graph = await get(session, f"/servicePrincipals(appId='{MICROSOFT_GRAPH}')?$select=id,appId,appRoles", _Principal)
    if graph is None:
        raise SetupProblem("Microsoft Graph has no service principal in this tenant.", "Check --tenant and --cloud.")
    found = Found(graph_id=graph.id, graph_roles=frozenset(one.id for one in graph.app_roles))
    if wanted.kind is Kind.MANAGED_IDENTITY:
        return replace(found, principal=await _identity(session, wanted.identity, graph.id))
    registration = await find_registration(session, wanted)
    if registration is None:
        return found
    principal = await find_principal(session, registration.app_id, graph.id)
    return replace(found, registration=registration, principal=principal)


async def find_registration(session: GraphSession, wanted: Wanted) -> Registration | None:
    """The app registration that is meant: by its client id, or by the tag that setup gives it; None where there is none yet.

    Raises:
        Unclear: several have the tag, or one that has not is called the same.
        SetupProblem: there is none with the client id.
    """
    if wanted.client_id:
        there = await read_registration(session, wanted.client_id)
        if there is None:
            raise SetupProblem(
                f"There is no app registration with the client id {wanted.client_id} in this tenant.",
                "Check --client-id (or ENTRA_CLIENT_ID) and --tenant; leave it out to have an app registration made. An application that "
                "another tenant has registered is set up there; here, only consent is given.",
            )
        return there
    marked = await _list(session, f"tags/any(t:t eq '{_literal(wanted.tag)}')")
    if len(marked) == 1:
        return await read_registration(session, marked[0].app_id)
    same = marked or await _list(session, f"displayName eq '{_literal(wanted.name)}'")
    if same:
        each = "; ".join(f"{one.display_name} (client id {one.app_id})" for one in same)
        happened = "Several app registrations were made by setup" if marked else "Setup has not made what is called so"
        raise Unclear(
            f"{happened}: {each}.",
            "Say which one to use with --client-id, or choose another --name for a new one.",
        )
    return None


async def read_registration(session: GraphSession, app_id: str) -> Registration | None:
    """An app registration of this tenant with everything that setup looks at."""
    there = await get(session, f"/applications(appId='{app_id}')?$select={_PROPERTIES}", Registration)
    if there is None:
        return None
    url = f"{session.base_url}/applications/{there.id}/federatedIdentityCredentials"
    federated = [one async for page in pages(session, url, Federated) for one in page.value]
    return msgspec.structs.replace(there, federated=tuple(federated))


async def find_principal(session: GraphSession, app_id: str, graph_id: str) -> Principal | None:
    """The service principal of an application in this tenant, with what it is granted of Microsoft Graph."""
    there = await get(session, f"/servicePrincipals(appId='{app_id}')?$select=id,appId,alternativeNames", _Principal)
    return None if there is None else await _with_grants(session, there, graph_id)


async def read_identity(session: GraphSession, object_id: str) -> Principal:
    """A managed identity, without what it is granted.

    Raises:
        SetupProblem: there is no such service principal.
    """
    there = await _read_identity(session, object_id)
    return Principal(there.id, there.app_id, system_assigned=_SYSTEM_ASSIGNED in there.alternative_names)


async def get(session: GraphSession, path: str, kind: type[_T]) -> _T | None:
    """One object; None where there is none.

    Raises:
        UnexpectedAnswer: the answer cannot be understood.
        GraphError: as :meth:`~connector.graph.session.GraphSession.get` raises it.
    """
    try:
        reply = await session.get(f"{session.base_url}{path}")
    except RequestRefused as error:
        if error.not_found:
            return None
        raise
    return understood(reply.body, kind)


def understood(body: bytes, kind: type[_T]) -> _T:
    """``body`` as a ``kind``.

    Raises:
        UnexpectedAnswer: it is none. What it holds is not told.
    """
    try:
        return decode(body, kind)
    except NotJson:
        raise UnexpectedAnswer("Graph's answer cannot be understood") from None


async def _identity(session: GraphSession, object_id: str, graph_id: str) -> Principal:
    return await _with_grants(session, await _read_identity(session, object_id), graph_id)


async def _read_identity(session: GraphSession, object_id: str) -> _Principal:
    there = await get(session, f"/servicePrincipals/{object_id}?$select=id,appId,alternativeNames", _Principal)
    if there is None:
        raise SetupProblem(
            f"There is no managed identity with the object id {object_id} in this tenant.",
            "Give its object (principal) id, as the identity's Overview shows it, not its client id. A new identity takes a minute.",
        )
    return there


async def _with_grants(session: GraphSession, there: _Principal, graph_id: str) -> Principal:
    url = f"{session.base_url}/servicePrincipals/{there.id}/appRoleAssignments"
    granted: Mapping[str, str] = {
        one.app_role_id: one.id
        async for page in pages(session, url, _Assignment)
        for one in page.value
        if one.resource_id == graph_id
    }
    return Principal(there.id, there.app_id, granted, _SYSTEM_ASSIGNED in there.alternative_names)


async def _list(session: GraphSession, condition: str) -> list[Registration]:
    url = f"{session.base_url}/applications?$filter={quote(condition)}&$select=id,appId,displayName"
    return [one async for page in pages(session, url, Registration) for one in page.value]


def _literal(text: str) -> str:
    """``text`` inside the quotes of an OData literal."""
    return text.replace("'", "''")
