"""Groups: every group and the licenses that it hands out, in pages of 999. Memberships are read apart, in bulk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, ClassVar

import msgspec

from connector.access.groups import GROUP_SELECT, Group, group_licenses, group_row
from connector.graph.session import GraphSession
from connector.sync.kinds.base import BaseReader
from connector.sync.kinds.listing import LARGEST_PAGE, listed
from connector.sync.kinds.reader import Page, Work

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation


class Groups(BaseReader):
    """Lists ``/groups``."""

    name: ClassVar[str] = "groups"
    tables: ClassVar[tuple[str, ...]] = ("groups", "group_licenses")

    def read(self, work: Work) -> AsyncIterator[Page]:
        """Read every group."""
        return listed(work, lambda: _request(work.session), Group, _rows)


def _request(session: GraphSession) -> RequestInformation:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.groups.groups_request_builder import GroupsRequestBuilder

    query = GroupsRequestBuilder.GroupsRequestBuilderGetQueryParameters(select=list(GROUP_SELECT), top=LARGEST_PAGE)
    return session.client.groups.to_get_request_information(RequestConfiguration(query_parameters=query))


def _rows(groups: list[Group]) -> dict[str, Sequence[msgspec.Struct]]:
    return {
        "groups": [group_row(group) for group in groups],
        "group_licenses": [license_ for group in groups for license_ in group_licenses(group)],
    }
