"""Questions about single objects: what they are, and what they are related to, from their own side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from connector.access.accounts import USER_SELECT
from connector.access.applications import APP_ROLE_ASSIGNMENT_SELECT, SERVICE_PRINCIPAL_SELECT, AppRoleAssignment
from connector.access.base import Reference
from connector.access.collections import Collection
from connector.access.groups import GROUP_SELECT
from connector.graph.errors import GraphError, RequestRefused, UnexpectedAnswer
from connector.graph.session import GraphSession
from connector.graph.sweep import sweep
from connector.sync.kinds.listing import LARGEST_PAGE
from connector.sync.kinds.sifting import is_gone

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

T = TypeVar("T")

_SELECTS = {"users": USER_SELECT, "groups": GROUP_SELECT, "servicePrincipals": SERVICE_PRINCIPAL_SELECT}


async def ask_for_objects(session: GraphSession, kind: str, ids: Sequence[str]) -> dict[str, dict[str, Any] | None]:
    """What Graph says of objects themselves, users with their manager; None of those that it does not have.

    Raises:
        GraphError: one of them cannot be read.
    """
    answers: dict[str, dict[str, Any] | None] = {}
    async for part in sweep(
        session, list(ids), lambda id_: _target(session, _object(session, kind, id_)), dict[str, Any]
    ):
        for answer in part.answers:
            if isinstance(answer.content, GraphError) and is_gone(answer.content):
                answers[answer.key] = None
            else:
                answers[answer.key] = answer.required()
    return answers


async def related(
    session: GraphSession, kind: str, ids: Sequence[str], relations: Sequence[str]
) -> dict[tuple[str, str], list[Reference]]:
    """Objects that ``ids`` are related to, by relation (the builder's word, such as ``member_of``) and id.

    Raises:
        GraphError: not all of them can be read.
    """
    keys = [f"{relation} {id_}" for id_ in ids for relation in relations]

    def target(key: str) -> str:
        relation, _, id_ = key.partition(" ")
        builder = getattr(_builder(session, kind, id_), relation)
        return _target(session, _request(builder, select=["id"], top=LARGEST_PAGE))

    found = await _lists(session, keys, target, Reference)
    return {(key.partition(" ")[0], key.partition(" ")[2]): items for key, items in found.items()}


async def assignments_held(session: GraphSession, kind: str, ids: Sequence[str]) -> list[AppRoleAssignment] | None:
    """App role assignments that ``ids`` hold, and those of their groups where Graph lists them; None where that may not be read.

    Raises:
        GraphError: not all of them can be read, for another reason than a missing permission.
    """

    def target(id_: str) -> str:
        builder = _builder(session, kind, id_).app_role_assignments
        return _target(session, _request(builder, select=list(APP_ROLE_ASSIGNMENT_SELECT), top=LARGEST_PAGE))

    try:
        found = await _lists(session, ids, target, AppRoleAssignment)
    except RequestRefused as refused:
        if refused.forbidden:
            return None
        raise
    return [assignment for items in found.values() for assignment in items]


async def _lists(
    session: GraphSession, keys: Sequence[str], target: Callable[[str], str], item: type[T]
) -> dict[str, list[T]]:
    lists: dict[str, list[T]] = {key: [] for key in keys}
    async for part in sweep(session, list(keys), target, Collection[item]):  # type: ignore[valid-type]
        for answer in part.answers:
            page = answer.required()
            if page.unreadable:
                raise UnexpectedAnswer("Graph lists relations that cannot be understood")
            lists[answer.key] += page.value
    return lists


def _object(session: GraphSession, kind: str, id_: str) -> RequestInformation:
    expand = ["manager($select=id)"] if kind == "users" else None
    return _request(_builder(session, kind, id_), select=list(_SELECTS[kind]), expand=expand)


def _builder(session: GraphSession, kind: str, id_: str) -> Any:
    client = session.client
    if kind == "users":
        return client.users.by_user_id(id_)
    if kind == "groups":
        return client.groups.by_group_id(id_)
    return client.service_principals.by_service_principal_id(id_)


def _request(builder: Any, **query: Any) -> RequestInformation:
    """A GET of what any of the SDK's builders leads to: each has a class of its own for its query, named after itself."""
    from kiota_abstractions.base_request_configuration import RequestConfiguration

    parameters = getattr(type(builder), f"{type(builder).__name__}GetQueryParameters")(**query)
    info: RequestInformation = builder.to_get_request_information(RequestConfiguration(query_parameters=parameters))
    return info


def _target(session: GraphSession, info: RequestInformation) -> str:
    return session.target(session.url(info))
