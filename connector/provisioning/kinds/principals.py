"""Who is meant: object ids, user principal names and application ids, as Graph knows them now.

Object ids are asked for a thousand at once; names and application ids, and everything where the bulk call may not be used, through
``$batch``. A GUID is an object id first and an application id only where no object has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

import msgspec

from connector.access.base import GraphObject, principal_kind
from connector.access.decoding import NotJson, convert, decode
from connector.graph.batch import send_batch
from connector.graph.errors import GraphError, RequestRefused, UnexpectedAnswer
from connector.graph.session import GraphSession
from connector.permissions import Feature, use_of
from connector.provisioning.contract import Principal, Tools
from connector.provisioning.refusals import problem
from connector.storage.records.operations import Problem

Resolved = Principal | Problem | GraphError

MOST_IDS = 1_000
"""Most ids that ``getByIds`` takes. https://learn.microsoft.com/graph/api/directoryobject-getbyids"""

_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_FACTS: Mapping[str, tuple[str, ...]] = {
    "account": ("displayName", "userPrincipalName", "accountEnabled", "userType"),
    "group": ("displayName", "groupTypes", "mailEnabled", "securityEnabled", "isAssignableToRole"),
    "service_principal": ("displayName", "appId", "accountEnabled", "servicePrincipalType"),
}
_IN_NAMES = "@'"  # of what stands for itself in a path, what is usual in user principal names
_SETS = {"users": "account", "groups": "group", "servicePrincipals": "service_principal"}
_READS = {
    kind: use_of(Feature.SYNC, what)[0].name
    for kind, what in (("account", "accounts"), ("group", "groups"), ("service_principal", "applications"))
}


class _Object(GraphObject):
    id: str
    kind: str | None = msgspec.field(default=None, name="@odata.type")


class _Objects(GraphObject):
    value: list[dict[str, Any]]


async def resolve(tools: Tools, names: Sequence[str]) -> Mapping[str, Resolved]:
    """Who each of ``names`` is, by the name as it was given; why that cannot be said; or the error, where it cannot be found out now.

    Devices, contacts and app registrations are no principals that anything can be granted to here: the problem says so.

    Raises:
        GraphError: Graph cannot be asked now.
    """
    session = tools.session
    guids = {name: name.lower() for name in names if _GUID.fullmatch(name.lower())}
    found: dict[str, Resolved] = {name: _unreadable_name(name) for name in names if name not in guids}
    objects = await _by_id(session, list(dict.fromkeys(guids.values())))
    unknown = [one for one in dict.fromkeys(guids.values()) if one not in objects]
    objects |= await _batched(session, {one: _by_app_id(one) for one in unknown}, "service_principal")
    found |= {name: objects.get(one) or _not_found(name) for name, one in guids.items()}
    accounts = {name: _by_name(name) for name in found if "@" in name and name not in guids}
    named = await _batched(session, accounts, "account")
    return found | {name: named.get(name) or _not_found(name) for name in accounts}


def is_own(tools: Tools, principal: Principal) -> bool:
    """Whether ``principal`` is the connector itself, as its token or its settings say."""
    if tools.own_id and principal.id == tools.own_id.lower():
        return True
    return str(principal.facts.get("appId") or "").lower() == tools.settings.client_id.lower()


async def _by_id(session: GraphSession, ids: Sequence[str]) -> dict[str, Resolved]:
    """Those of ``ids`` that there are, in bulk; one by one where the permission for that is missing."""
    found: dict[str, Resolved] = {}
    for start in range(0, len(ids), MOST_IDS):
        part = ids[start : start + MOST_IDS]
        try:
            found |= await _in_bulk(session, part)
        except RequestRefused as refused:
            if not refused.forbidden:
                raise
            found |= await _one_by_one(session, part)
    return found


async def _in_bulk(session: GraphSession, ids: Sequence[str]) -> dict[str, Resolved]:
    select = ",".join(dict.fromkeys(("id", *(name for facts in _FACTS.values() for name in facts))))
    reply = await session.post(
        f"/directoryObjects/getByIds?$select={select}", msgspec.json.encode({"ids": ids}), units=2
    )
    try:
        objects = decode(reply.body, _Objects).value
        return {_object(one).id.lower(): _resolved(one) for one in objects}
    except NotJson as error:
        raise UnexpectedAnswer(f"Graph answered getByIds with something else: {error}") from None


async def _one_by_one(session: GraphSession, ids: Iterable[str]) -> dict[str, Resolved]:
    """As users, the rest as groups, the rest as service principals."""
    found: dict[str, Resolved] = {}
    left = list(ids)
    for entity_set, kind in _SETS.items():
        targets = {one: f"/{entity_set}/{one}?$select={_select(kind)}" for one in left}
        found |= await _batched(session, targets, kind)
        left = [one for one in left if one not in found]
    return found


async def _batched(session: GraphSession, targets: Mapping[str, str], kind: str) -> dict[str, Resolved]:
    """What single reads answer, by key; what does not exist is left out, and one that fails is no reason to lose the others."""
    found: dict[str, Resolved] = {}
    answers = await send_batch(session, targets, _read(kind)) if targets else {}
    for key, answer in answers.items():
        if not isinstance(answer, RequestRefused) or answer.status not in (400, 403, 404):
            found[key] = answer  # who it is, or an error that may pass
        elif answer.forbidden:
            found[key] = _not_permitted(key, answer, _READS[kind])
    return found


def _read(kind: str) -> Callable[[bytes], Resolved]:
    return partial(_read_as, kind)


def _read_as(kind: str, body: bytes) -> Resolved:
    said = decode(body, dict[str, Any])
    return _principal(_object(said).id.lower(), kind, said)


def _object(said: Mapping[str, Any]) -> _Object:
    return convert(said, _Object)


def _resolved(said: Mapping[str, Any]) -> Resolved:
    """What ``getByIds`` says of one object, which tells its kind."""
    one = _object(said)
    kind = principal_kind(one.kind)
    if kind in _FACTS:
        return _principal(one.id.lower(), kind, said)
    what = {"device": "a device", "contact": "a contact"}.get(kind)
    if (one.kind or "").lower().endswith(".application"):
        return problem(
            "principal_kind_not_allowed",
            f"{one.id} is an app registration, which can hold nothing itself.",
            f"Name its service principal, by its object id or by the application id {said.get('appId') or ''}".rstrip()
            + ".",
        )
    return problem(
        "principal_kind_not_allowed",
        f"{one.id} is {what or 'no account, group or service principal'}.",
        "Name an account, a group or a service principal; anything else is granted in the Entra admin center.",
    )


def _principal(id_: str, kind: str, said: Mapping[str, Any]) -> Principal:
    facts = {name: said[name] for name in _FACTS[kind] if said.get(name) is not None}
    name = said.get("userPrincipalName") if kind == "account" else None
    return Principal(id_, kind, str(name or said.get("displayName") or id_), facts)


def _select(kind: str) -> str:
    return ",".join(("id", *_FACTS[kind]))


def _by_app_id(app_id: str) -> str:
    return f"/servicePrincipals(appId='{app_id}')?$select={_select('service_principal')}"


def _by_name(name: str) -> str:
    """What begins with a dollar sign is no path segment, and stands in parentheses.

    https://learn.microsoft.com/graph/api/user-get#access-users-and-organizational-contacts-by-user-principal-name
    """
    quoted = name.replace("'", "''")
    key = f"('{quote(quoted, safe=_IN_NAMES)}')" if name.startswith("$") else f"/{quote(name, safe=_IN_NAMES)}"
    return f"/users{key}?$select={_select('account')}"


def _unreadable_name(name: str) -> Problem:
    return problem(
        "principal_not_found",
        f"{name} is no object id, user principal name or application id.",
        "Name an account by its user principal name or object id, a group by its object id, and a service principal by "
        "its object id or application id.",
    )


def _not_found(name: str) -> Problem:
    what = (
        "no account has the user principal name"
        if "@" in name
        else "no account, group or service principal has the object id, and no service principal the application id,"
    )
    return problem(
        "principal_not_found",
        f"{what[0].upper()}{what[1:]} {name}; or it is deleted.",
        "Look it up in the Entra admin center. What was created a moment ago can be unknown for a minute: ask again then. "
        "A guest's user principal name has #EXT# in it.",
    )


def _not_permitted(name: str, refused: RequestRefused, permission: str) -> Problem:
    return problem(
        "permission_missing",
        f"The connector may not look {name} up.",
        f"Add the application permission {permission} to the app registration and grant admin consent.",
        graph_code=refused.code,
        request_id=refused.request_id,
    )
