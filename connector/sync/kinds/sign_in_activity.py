"""When accounts last signed in. A service of its own answers it: other page sizes, other limits, other errors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import msgspec

from connector.access.accounts import UserSignIns, sign_in_activity
from connector.graph.errors import RequestRefused
from connector.graph.session import GraphSession
from connector.settings import Settings
from connector.sync.kinds.base import BaseReader
from connector.sync.kinds.listing import listed
from connector.sync.kinds.reader import Page, Work

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

# https://learn.microsoft.com/graph/api/user-list says 500 today and said 120 until 2023; the service has answered larger
# pages with an error as well as with smaller pages. None: whatever the service likes best.
_PAGE_SIZES = (500, 120, None)


class SignInActivity(BaseReader):
    """Lists ``/users`` for ``signInActivity`` only, in the largest pages that the tenant's service accepts."""

    name: ClassVar[str] = "sign_in_activity"
    tables: ClassVar[tuple[str, ...]] = ("sign_in_activity",)
    optional: ClassVar[bool] = True

    def wanted(self, settings: Settings, notes: Mapping[str, Mapping[str, int]]) -> bool:  # noqa: ARG002
        """Where the setting asks for it."""
        return settings.sign_in_activity

    async def read(self, work: Work) -> AsyncIterator[Page]:
        """Read every user's activity."""
        for size in _PAGE_SIZES:
            started = work.position is not None
            try:
                async for page in listed(work, partial(_request, work.session, size), UserSignIns, _rows):
                    started = True
                    yield page
            except RequestRefused as refused:
                if started or size == _PAGE_SIZES[-1] or refused.status in (401, 403):
                    raise
            else:
                return


def _request(session: GraphSession, size: int | None) -> RequestInformation:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.users.users_request_builder import UsersRequestBuilder

    query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(select=["id", "signInActivity"], top=size)
    return session.client.users.to_get_request_information(RequestConfiguration(query_parameters=query))


def _rows(users: list[UserSignIns]) -> dict[str, Sequence[msgspec.Struct]]:
    return {"sign_in_activity": [sign_in_activity(user) for user in users]}
