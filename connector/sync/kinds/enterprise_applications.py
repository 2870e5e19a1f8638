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
from connector.graph.paging import pages
from connector.graph.session import GraphSession
from connector.graph.sweep import sweep
from connector.sync.kinds.base import BaseReader
from connector.sync.kinds.listing import LARGEST_PAGE, lacking
from connector.sync.kinds.reader import Incomplete, Page, Work
from connector.sync.kinds.sifting import Sieve

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
            owners, unread = await _owners(session, page.value)
            yield Page(
                {
                    "enterprise_applications": [enterprise_application(principal) for principal in page.value],
                    "app_roles": [role for principal in page.value for role in app_roles(principal)],
                    "application_owners": owners,
                },
                page.next_link,
                incomplete=[*lacking(page, self.tables), *unread],
            )


async def _owners(
    session: GraphSession, principals: list[ServicePrincipal]
) -> tuple[list[ApplicationOwnerRow], list[Incomplete]]:
    """Owners of ``principals``, and those of them whose owners could not be read."""
    rows: list[ApplicationOwnerRow] = []
    in_full: list[str] = []
    for principal in principals:
        owners = principal.owners or []
        if len(owners) < _EXPANDED_AT_MOST and not principal.unreadable:
            rows += application_owners(principal.id, owners)
        else:
            in_full.append(principal.id)
    incomplete: list[Incomplete] = []
    sieve = Sieve("application_owners", "application_id", begun=True)
    async for part in sweep(session, in_full, lambda id_: _owners_target(session, id_), Collection[Reference]):
        sifted = sieve.sift(part.answers)
        incomplete += sifted.incomplete
        for id_, page in sifted.pages:
            rows += application_owners(id_, page.value)
    return rows, incomplete


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
