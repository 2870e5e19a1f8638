"""Role assignments that are in force: in one list, or role by role where Graph insists on a filter.

Until 2022 Graph required a filter, today's documents make it optional
(https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments); clouds differ, so both are known.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from connector.access.collections import Collection
from connector.access.roles import RoleAssignment, RoleDefinition, role_assignment, scope_notes
from connector.graph.errors import RequestRefused, SyncStateLost
from connector.graph.paging import pages
from connector.graph.session import GraphSession
from connector.graph.sweep import sweep
from connector.sync.kinds.base import BaseReader
from connector.sync.kinds.directory_roles import definitions_request
from connector.sync.kinds.listing import LARGEST_PAGE, lacking
from connector.sync.kinds.reader import Incomplete, Page, Work
from connector.sync.kinds.sifting import Sieve

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation


class _Position(msgspec.Struct):
    """``next``: of the one list. ``roles`` and ``sweep``: of the lists by role."""

    next: str | None = None
    roles: list[str] = []
    sweep: Any = None


class RoleAssignments(BaseReader):
    """Lists ``roleAssignments``; the note ``listed_by_role`` says that a filter was required."""

    name: ClassVar[str] = "role_assignments"
    tables: ClassVar[tuple[str, ...]] = ("role_assignments",)

    async def read(self, work: Work) -> AsyncIterator[Page]:
        """Read every assignment."""
        place = _Position() if work.position is None else msgspec.convert(work.position, _Position)
        if not place.roles:
            try:
                async for page in pages(work.session, place.next or _request(work.session), RoleAssignment):
                    place.next = page.next_link
                    position = _Position(next=page.next_link) if page.next_link else None
                    yield _page(page.value, position, incomplete=lacking(page, self.tables))
            except RequestRefused as refused:
                if refused.status != 400 or place.next is not None or isinstance(refused, SyncStateLost):
                    raise
            else:
                return
        async for filtered in _by_role(work.session, place):
            yield filtered


async def _by_role(session: GraphSession, place: _Position) -> AsyncIterator[Page]:
    beginning = not place.roles
    roles = place.roles or [
        role.id async for page in pages(session, definitions_request(session), RoleDefinition) for role in page.value
    ]
    sieve = Sieve("role_assignments", "role_id", begun=not beginning)
    async for part in sweep(
        session, roles, lambda role: _target(session, role), Collection[RoleAssignment], place.sweep
    ):
        sifted = sieve.sift(part.answers)
        assignments = [assignment for _, page in sifted.pages for assignment in page.value]
        position = None if part.position is None else _Position(roles=roles, sweep=part.position)
        notes = sifted.notes | ({"listed_by_role": 1} if beginning else {})
        yield _page(assignments, position, notes, sifted.incomplete)
        beginning = False


def _page(
    assignments: list[RoleAssignment],
    position: _Position | None,
    notes: Mapping[str, int] | None = None,
    incomplete: Sequence[Incomplete] = (),
) -> Page:
    rows = [role_assignment(assignment) for assignment in assignments]
    return Page(
        {"role_assignments": rows},
        None if position is None else msgspec.to_builtins(position),
        {**scope_notes([row.scope for row in rows]), **(notes or {})},
        incomplete,
    )


def _request(session: GraphSession, role_id: str | None = None) -> RequestInformation:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.role_management.directory.role_assignments.role_assignments_request_builder import (
        RoleAssignmentsRequestBuilder,
    )

    query = RoleAssignmentsRequestBuilder.RoleAssignmentsRequestBuilderGetQueryParameters(
        filter=f"roleDefinitionId eq '{role_id}'" if role_id else None, top=None if role_id else LARGEST_PAGE
    )
    assignments = session.client.role_management.directory.role_assignments
    return assignments.to_get_request_information(RequestConfiguration(query_parameters=query))


def _target(session: GraphSession, role_id: str) -> str:
    return session.target(session.url(_request(session, role_id)))
