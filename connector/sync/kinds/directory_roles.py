"""Directory roles: every role definition, built in or custom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, ClassVar

from connector.access.roles import ROLE_DEFINITION_SELECT, RoleDefinition, directory_role
from connector.graph.session import GraphSession
from connector.sync.kinds.base import BaseReader
from connector.sync.kinds.listing import listed
from connector.sync.kinds.reader import Page, Work

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation


class DirectoryRoles(BaseReader):
    """Lists ``roleDefinitions``, not ``directoryRoles``: that one leaves out custom roles and what was never activated."""

    name: ClassVar[str] = "directory_roles"
    tables: ClassVar[tuple[str, ...]] = ("directory_roles",)

    def read(self, work: Work) -> AsyncIterator[Page]:
        """Read every role definition."""
        return listed(
            work,
            lambda: definitions_request(work.session),
            RoleDefinition,
            lambda roles: {"directory_roles": [directory_role(role) for role in roles]},
        )


def definitions_request(session: GraphSession) -> RequestInformation:
    """The list of role definitions, without their permissions: a custom role's can be long."""
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.role_management.directory.role_definitions.role_definitions_request_builder import (
        RoleDefinitionsRequestBuilder,
    )

    query = RoleDefinitionsRequestBuilder.RoleDefinitionsRequestBuilderGetQueryParameters(
        select=list(ROLE_DEFINITION_SELECT)
    )
    definitions = session.client.role_management.directory.role_definitions
    return definitions.to_get_request_information(RequestConfiguration(query_parameters=query))
