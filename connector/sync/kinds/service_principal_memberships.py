"""Groups that service principals are in, from their own side: for tenants whose group lists leave them out.

Graph's v1.0 group members lack service principals in some tenants
(https://learn.microsoft.com/graph/api/group-list-members#example-1-get-the-direct-membership-in-a-group). Where delta named
not a single one, this asks each service principal, so that the picture is complete either way.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import ClassVar

from connector.access.base import Reference, principal_kind
from connector.access.collections import Collection
from connector.access.groups import MembershipRow
from connector.graph.session import GraphSession
from connector.graph.sweep import sweep
from connector.settings import Settings
from connector.sync.kinds.base import BaseReader
from connector.sync.kinds.listing import LARGEST_PAGE
from connector.sync.kinds.reader import Page, Work
from connector.sync.kinds.sifting import Sieve


class ServicePrincipalMemberships(BaseReader):
    """Asks for ``memberOf`` of each service principal."""

    name: ClassVar[str] = "service_principal_memberships"
    tables: ClassVar[tuple[str, ...]] = ("memberships",)
    parent: ClassVar[str | None] = "enterprise_applications"
    parent_table: ClassVar[str | None] = "enterprise_applications"
    after: ClassVar[tuple[str, ...]] = ("memberships",)

    def wanted(self, settings: Settings, notes: Mapping[str, Mapping[str, int]]) -> bool:  # noqa: ARG002
        """Where no membership that was read is a service principal's."""
        return not notes.get("memberships", {}).get("service_principals_seen")

    async def read(self, work: Work) -> AsyncIterator[Page]:
        """Read the groups of every service principal in ``work.inputs``."""
        ids = [row["id"] for row in work.inputs]
        sieve = Sieve("memberships", "principal_id", begun=work.position is not None)
        async for part in sweep(
            work.session, ids, lambda id_: _target(work.session, id_), Collection[Reference], work.position
        ):
            sifted = sieve.sift(part.answers)
            rows = [row for id_, page in sifted.pages for row in _rows(id_, page.value)]
            notes = {"found": len(rows)} | sifted.notes
            yield Page({"memberships": rows}, part.position, notes, sifted.incomplete)


def _rows(service_principal_id: str, parents: list[Reference]) -> list[MembershipRow]:
    return [
        MembershipRow(
            group_id=parent.id,
            relation="member",
            principal_kind="service_principal",
            principal_id=service_principal_id,
            ordinal=0,
        )
        for parent in parents
        if principal_kind(parent.kind) == "group"  # administrative units and directory roles are listed as well
    ]


def _target(session: GraphSession, service_principal_id: str) -> str:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.service_principals.item.member_of.member_of_request_builder import MemberOfRequestBuilder

    query = MemberOfRequestBuilder.MemberOfRequestBuilderGetQueryParameters(select=["id"], top=LARGEST_PAGE)
    member_of = session.client.service_principals.by_service_principal_id(service_principal_id).member_of
    return session.target(
        session.url(member_of.to_get_request_information(RequestConfiguration(query_parameters=query)))
    )
