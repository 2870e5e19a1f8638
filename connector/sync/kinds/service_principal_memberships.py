"""Groups that service principals are in or own, from their own side: for tenants whose group lists leave them out.

Graph's v1.0 group members lack service principals in some tenants
(https://learn.microsoft.com/graph/api/group-list-members#example-1-get-the-direct-membership-in-a-group). Where delta named
not a single one, this asks each service principal, so that the picture is complete either way.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from connector.access.base import Reference, principal_kind
from connector.access.collections import Collection
from connector.access.groups import MembershipRow
from connector.graph.session import GraphSession
from connector.graph.sweep import sweep
from connector.settings import Settings
from connector.sync.kinds.base import BaseReader
from connector.sync.kinds.listing import LARGEST_PAGE
from connector.sync.kinds.reader import Incomplete, Page, Work
from connector.sync.kinds.sifting import Sieve

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

_RELATIONS = ("member", "owner")


class ServicePrincipalMemberships(BaseReader):
    """Asks for ``memberOf`` and ``ownedObjects`` of each service principal."""

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
        keys = [f"{relation} {row['id']}" for row in work.inputs for relation in _RELATIONS]
        sieve = Sieve("memberships", "principal_id", begun=work.position is not None)
        async for part in sweep(
            work.session, keys, lambda key: _target(work.session, key), Collection[Reference], work.position
        ):
            sifted = sieve.sift(part.answers)
            rows = [row for key, page in sifted.pages for row in _rows(key, page.value)]
            incomplete = [Incomplete(one.table, one.column, _parts(one.id)[1], one.reason) for one in sifted.incomplete]
            yield Page({"memberships": rows}, part.position, {"found": len(rows)} | sifted.notes, incomplete)


def _parts(key: str) -> tuple[str, str]:
    relation, _, service_principal_id = key.partition(" ")
    return relation, service_principal_id


def _rows(key: str, related: list[Reference]) -> list[MembershipRow]:
    relation, service_principal_id = _parts(key)
    return [
        MembershipRow(
            group_id=one.id,
            relation=relation,
            principal_kind="service_principal",
            principal_id=service_principal_id,
            ordinal=0,
        )
        for one in related
        if principal_kind(one.kind) == "group"  # administrative units, roles and applications are listed as well
    ]


def _target(session: GraphSession, key: str) -> str:
    relation, service_principal_id = _parts(key)
    build = _member_of if relation == "member" else _owned_objects
    return session.target(session.url(build(session, service_principal_id)))


def _member_of(session: GraphSession, service_principal_id: str) -> RequestInformation:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.service_principals.item.member_of.member_of_request_builder import MemberOfRequestBuilder

    query = MemberOfRequestBuilder.MemberOfRequestBuilderGetQueryParameters(select=["id"], top=LARGEST_PAGE)
    member_of = session.client.service_principals.by_service_principal_id(service_principal_id).member_of
    return member_of.to_get_request_information(RequestConfiguration(query_parameters=query))


def _owned_objects(session: GraphSession, service_principal_id: str) -> RequestInformation:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.service_principals.item.owned_objects.owned_objects_request_builder import (
        OwnedObjectsRequestBuilder,
    )

    query = OwnedObjectsRequestBuilder.OwnedObjectsRequestBuilderGetQueryParameters(select=["id"], top=LARGEST_PAGE)
    owned = session.client.service_principals.by_service_principal_id(service_principal_id).owned_objects
    return owned.to_get_request_information(RequestConfiguration(query_parameters=query))
