"""Enterprise applications: every service principal with its app roles and owners, in pages of 999."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, ClassVar

from connector.access.applications import (
    SERVICE_PRINCIPAL_SELECT,
    ApplicationOwnerRow,
    ServicePrincipal,
    app_roles,
    application_owners,
    enterprise_application,
)
from connector.access.base import Reference
from connector.access.collections import Collection
from connector.graph.errors import RequestRefused
from connector.graph.paging import pages
from connector.graph.session import GraphSession
from connector.graph.sweep import sweep
from connector.sync.kinds.base import BaseReader
from connector.sync.kinds.listing import LARGEST_PAGE
from connector.sync.kinds.reader import Page, Work

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

_EXPANDED_AT_MOST = 20
"""Objects that ``$expand`` gives at most, without saying that there are more.
https://learn.microsoft.com/graph/query-parameters#expand"""


class EnterpriseApplications(BaseReader):
    """Lists ``/servicePrincipals``; owners come along, and are read in full where they may have been cut off."""

    name: ClassVar[str] = "enterprise_applications"
    tables: ClassVar[tuple[str, ...]] = ("enterprise_applications", "app_roles", "application_owners")

    async def read(self, work: Work) -> AsyncIterator[Page]:
        """Read every service principal."""
        session = work.session
        async for page in pages(session, work.position or _request(session), ServicePrincipal):
            yield Page(
                {
                    "enterprise_applications": [enterprise_application(principal) for principal in page.value],
                    "app_roles": [role for principal in page.value for role in app_roles(principal)],
                    "application_owners": await _owners(session, page.value),
                },
                page.next_link,
            )


async def _owners(session: GraphSession, principals: list[ServicePrincipal]) -> list[ApplicationOwnerRow]:
    rows: list[ApplicationOwnerRow] = []
    cut_off: list[str] = []
    for principal in principals:
        owners = principal.owners or []
        if len(owners) < _EXPANDED_AT_MOST:
            rows += application_owners(principal.id, owners)
        else:
            cut_off.append(principal.id)
    async for part in sweep(session, cut_off, lambda id_: _owners_target(session, id_), Collection[Reference]):
        for answer in part.answers:
            if not (isinstance(answer.content, RequestRefused) and answer.content.not_found):
                rows += application_owners(answer.key, answer.required().value)
    return rows


def _request(session: GraphSession) -> RequestInformation:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.service_principals.service_principals_request_builder import ServicePrincipalsRequestBuilder

    query = ServicePrincipalsRequestBuilder.ServicePrincipalsRequestBuilderGetQueryParameters(
        select=list(SERVICE_PRINCIPAL_SELECT), expand=["owners($select=id)"], top=LARGEST_PAGE
    )
    return session.client.service_principals.to_get_request_information(RequestConfiguration(query_parameters=query))


def _owners_target(session: GraphSession, service_principal_id: str) -> str:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.service_principals.item.owners.owners_request_builder import OwnersRequestBuilder

    query = OwnersRequestBuilder.OwnersRequestBuilderGetQueryParameters(select=["id"], top=LARGEST_PAGE)
    owners = session.client.service_principals.by_service_principal_id(service_principal_id).owners
    return session.target(session.url(owners.to_get_request_information(RequestConfiguration(query_parameters=query))))
