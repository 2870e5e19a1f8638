"""Accounts: every user, with the manager and every license, in pages of 999."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, ClassVar

import msgspec

from connector.access.accounts import USER_SELECT, User, account, license_states
from connector.graph.session import GraphSession
from connector.sync.kinds.base import BaseReader
from connector.sync.kinds.listing import LARGEST_PAGE, listed
from connector.sync.kinds.reader import Page, Work

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation


class Accounts(BaseReader):
    """Lists ``/users``. ``licenseAssignmentStates`` names groups, which ``assignedLicenses`` does not, so it suffices."""

    name: ClassVar[str] = "accounts"
    tables: ClassVar[tuple[str, ...]] = ("accounts", "license_states")

    def read(self, work: Work) -> AsyncIterator[Page]:
        """Read every user."""
        return listed(work, lambda: _request(work.session), User, _rows)


def _request(session: GraphSession) -> RequestInformation:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.users.users_request_builder import UsersRequestBuilder

    query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
        select=list(USER_SELECT), expand=["manager($select=id)"], top=LARGEST_PAGE
    )
    return session.client.users.to_get_request_information(RequestConfiguration(query_parameters=query))


def _rows(users: list[User]) -> dict[str, Sequence[msgspec.Struct]]:
    return {
        "accounts": [account(user) for user in users],
        "license_states": [state for user in users for state in license_states(user)],
    }
