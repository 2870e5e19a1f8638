"""Who is assigned to each enterprise application: one list an application, batched, because no list has them all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar

from connector.access.applications import (
    APP_ROLE_ASSIGNMENT_SELECT,
    AppRoleAssignment,
    app_role_assignment,
)
from connector.access.collections import Collection
from connector.graph.session import GraphSession
from connector.graph.sweep import sweep
from connector.sync.kinds.base import BaseReader
from connector.sync.kinds.listing import LARGEST_PAGE
from connector.sync.kinds.reader import Page, Work
from connector.sync.kinds.sifting import Sieve


class ApplicationGrants(BaseReader):
    """Asks for ``appRoleAssignedTo`` of each service principal, Microsoft's own and managed identities included."""

    name: ClassVar[str] = "application_grants"
    tables: ClassVar[tuple[str, ...]] = ("app_role_assignments",)
    parent: ClassVar[str | None] = "enterprise_applications"
    parent_table: ClassVar[str | None] = "enterprise_applications"

    async def read(self, work: Work) -> AsyncIterator[Page]:
        """Read the assignments on every application in ``work.inputs``."""
        ids = [row["id"] for row in work.inputs]
        sieve = Sieve("app_role_assignments", "application_id", begun=work.position is not None)
        async for part in sweep(
            work.session, ids, lambda id_: _target(work.session, id_), Collection[AppRoleAssignment], work.position
        ):
            sifted = sieve.sift(part.answers)
            rows = [app_role_assignment(id_, assignment) for id_, page in sifted.pages for assignment in page.value]
            yield Page({"app_role_assignments": rows}, part.position, sifted.notes, sifted.incomplete)


def _target(session: GraphSession, service_principal_id: str) -> str:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.service_principals.item.app_role_assigned_to.app_role_assigned_to_request_builder import (
        AppRoleAssignedToRequestBuilder,
    )

    query = AppRoleAssignedToRequestBuilder.AppRoleAssignedToRequestBuilderGetQueryParameters(
        select=list(APP_ROLE_ASSIGNMENT_SELECT), top=LARGEST_PAGE
    )
    assigned = session.client.service_principals.by_service_principal_id(service_principal_id).app_role_assigned_to
    return session.target(
        session.url(assigned.to_get_request_information(RequestConfiguration(query_parameters=query)))
    )
