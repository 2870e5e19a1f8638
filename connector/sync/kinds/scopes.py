"""Names of what roles are limited to: read only where an assignment is limited at all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from connector.access.roles import Named, administrative_unit_scope, application_scope
from connector.graph.session import GraphSession
from connector.settings import Settings
from connector.sync.kinds.base import BaseReader
from connector.sync.kinds.listing import LARGEST_PAGE, listed
from connector.sync.kinds.reader import Page, Work

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

_ROLE_READERS = ("role_assignments", "role_schedules")


def _seen(notes: Mapping[str, Mapping[str, int]], name: str) -> bool:
    return any(notes.get(reader, {}).get(name) for reader in _ROLE_READERS)


class AdministrativeUnitScopes(BaseReader):
    """Lists administrative units."""

    name: ClassVar[str] = "administrative_unit_scopes"
    tables: ClassVar[tuple[str, ...]] = ("scopes",)
    after: ClassVar[tuple[str, ...]] = _ROLE_READERS
    optional: ClassVar[bool] = True

    def wanted(self, settings: Settings, notes: Mapping[str, Mapping[str, int]]) -> bool:  # noqa: ARG002
        """Where a role is limited to one."""
        return _seen(notes, "administrative_unit_scopes_seen")

    def read(self, work: Work) -> AsyncIterator[Page]:
        """Read the name of every administrative unit."""
        return listed(
            work,
            lambda: _units_request(work.session),
            Named,
            lambda units: {"scopes": [administrative_unit_scope(unit) for unit in units]},
        )


class ApplicationScopes(BaseReader):
    """Lists app registrations. (Service principals are known from ``enterprise_applications``.)"""

    name: ClassVar[str] = "application_scopes"
    tables: ClassVar[tuple[str, ...]] = ("scopes",)
    after: ClassVar[tuple[str, ...]] = _ROLE_READERS
    optional: ClassVar[bool] = True

    def wanted(self, settings: Settings, notes: Mapping[str, Mapping[str, int]]) -> bool:  # noqa: ARG002
        """Where a role is limited to an object that is no administrative unit."""
        return _seen(notes, "object_scopes_seen")

    def read(self, work: Work) -> AsyncIterator[Page]:
        """Read the name of every app registration."""
        return listed(
            work,
            lambda: _applications_request(work.session),
            Named,
            lambda applications: {"scopes": [application_scope(application) for application in applications]},
        )


def _units_request(session: GraphSession) -> RequestInformation:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.directory.administrative_units.administrative_units_request_builder import (
        AdministrativeUnitsRequestBuilder,
    )

    query = AdministrativeUnitsRequestBuilder.AdministrativeUnitsRequestBuilderGetQueryParameters(
        select=["id", "displayName"], top=LARGEST_PAGE
    )
    units = session.client.directory.administrative_units
    return units.to_get_request_information(RequestConfiguration(query_parameters=query))


def _applications_request(session: GraphSession) -> RequestInformation:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.applications.applications_request_builder import ApplicationsRequestBuilder

    query = ApplicationsRequestBuilder.ApplicationsRequestBuilderGetQueryParameters(
        select=["id", "displayName"], top=LARGEST_PAGE
    )
    return session.client.applications.to_get_request_information(RequestConfiguration(query_parameters=query))
