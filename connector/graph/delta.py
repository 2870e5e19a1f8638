"""Delta cursors: from when on changes count. Taken before a full sync lists anything, all in one request."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from connector.access.accounts import USER_SELECT
from connector.access.applications import APP_ROLE_ASSIGNMENT_SELECT, SERVICE_PRINCIPAL_SELECT
from connector.access.collections import Collection
from connector.access.decoding import NotJson, decode
from connector.access.groups import GROUP_SELECT
from connector.graph.batch import send_batch
from connector.graph.errors import GraphError, is_unreadable
from connector.graph.session import GraphSession
from connector.settings import Settings

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

_log = logging.getLogger(__name__)

# The only delta that has app role assignments, and it has them only together with users, of whom nothing but the id, which never
# changes, is tracked here. https://learn.microsoft.com/graph/api/directoryobject-delta#odata-query-parameters
_ASSIGNMENTS_FILTER = "isof('microsoft.graph.appRoleAssignment') or isof('microsoft.graph.user')"
_ASSIGNMENTS_SELECT = (
    "microsoft.graph.user/id",
    *(f"microsoft.graph.appRoleAssignment/{name}" for name in APP_ROLE_ASSIGNMENT_SELECT),
)


async def take_cursors(session: GraphSession, settings: Settings) -> dict[str, str]:  # noqa: ARG001 - no setting matters yet
    """The delta link of *now* for every kind that has one.

    A delta link remembers what the first request selected, so that is what the incremental rounds will need: everything
    that the readers list, and the relationships that delta can track.

    Returns:
        Delta links by kind: ``users``, ``groups``, ``servicePrincipals``, ``directoryRoles``, ``administrativeUnits``,
        ``appRoleAssignments``. A kind that the application may not read, or that the tenant's Graph refuses to
        track, is absent: a full sync does not need it. ``oauth2PermissionGrants`` have delta, too, and are not followed:
        delegated consents are in no table, so each look would spend a resource unit on what nobody can ask for.

    Raises:
        GraphError: Graph cannot be asked at all, or must be asked later.
    """
    requests = {kind: _latest(session, info) for kind, info in _requests(session.client).items()}
    cursors: dict[str, str] = {}
    for kind, answer in (await send_batch(session, requests, _accept)).items():
        if isinstance(answer, GraphError) and is_unreadable(answer):
            _log.warning("No delta cursor for %s: %s", kind, answer)
        elif isinstance(answer, GraphError):
            raise answer
        else:
            session.target(answer)
            cursors[kind] = answer
    return cursors


def _accept(body: bytes) -> str:
    """The delta link in ``body``."""
    link = decode(body, Collection[Any]).delta_link
    if link is None:
        raise NotJson("it has no delta link")
    return link


def _latest(session: GraphSession, info: RequestInformation) -> str:
    target = session.target(session.url(info))
    # The builders know no $deltatoken. https://learn.microsoft.com/graph/delta-query-overview#synchronization-from-now
    return f"{target}{'&' if '?' in target else '?'}$deltatoken=latest"


def _requests(client: Any) -> dict[str, RequestInformation]:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.directory.administrative_units.delta.delta_request_builder import (
        DeltaRequestBuilder as Units,
    )
    from msgraph.generated.directory_objects.delta.delta_request_builder import DeltaRequestBuilder as Objects
    from msgraph.generated.groups.delta.delta_request_builder import DeltaRequestBuilder as Groups
    from msgraph.generated.service_principals.delta.delta_request_builder import DeltaRequestBuilder as Principals
    from msgraph.generated.users.delta.delta_request_builder import DeltaRequestBuilder as Users

    users = Users.DeltaRequestBuilderGetQueryParameters(select=[*USER_SELECT, "manager"])
    groups = Groups.DeltaRequestBuilderGetQueryParameters(select=[*GROUP_SELECT, "members", "owners"])
    principals = Principals.DeltaRequestBuilderGetQueryParameters(select=list(SERVICE_PRINCIPAL_SELECT))
    units = Units.DeltaRequestBuilderGetQueryParameters(select=["id", "displayName"])
    assignments = Objects.DeltaRequestBuilderGetQueryParameters(
        filter=_ASSIGNMENTS_FILTER, select=list(_ASSIGNMENTS_SELECT)
    )
    return {
        "users": client.users.delta.to_get_request_information(RequestConfiguration(query_parameters=users)),
        "groups": client.groups.delta.to_get_request_information(RequestConfiguration(query_parameters=groups)),
        "servicePrincipals": client.service_principals.delta.to_get_request_information(
            RequestConfiguration(query_parameters=principals)
        ),
        "directoryRoles": client.directory_roles.delta.to_get_request_information(),
        "administrativeUnits": client.directory.administrative_units.delta.to_get_request_information(
            RequestConfiguration(query_parameters=units)
        ),
        "appRoleAssignments": client.directory_objects.delta.to_get_request_information(
            RequestConfiguration(query_parameters=assignments)
        ),
    }
