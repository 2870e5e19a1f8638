"""A small tenant behind a real HTTPS port, and a client that has signed in."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from emulators.graph import GraphEmulator
from emulators.graph.tenant.tenant import Tenant


class Graph:
    """A plain client of one emulator: paths are relative to v1.0, answers are JSON."""

    def __init__(self, emulator: GraphEmulator) -> None:
        self.emulator = emulator
        self.http = httpx.Client(verify=ssl.create_default_context(cafile=emulator.ca_file), timeout=30)
        self.sign_in()

    def sign_in(self) -> None:
        """Take a fresh token, with what is granted now."""
        url = f"{self.emulator.authority}/{self.emulator.tenant.id}/oauth2/v2.0/token"
        form = {
            "grant_type": "client_credentials",
            "client_id": self.emulator.client_id,
            "client_secret": self.emulator.client_secret,
            "scope": "https://graph.microsoft.com/.default",
        }
        self.http.headers["Authorization"] = "Bearer " + self.http.post(url, data=form).json()["access_token"]

    def send(self, path: str, method: str = "GET", **more: Any) -> httpx.Response:
        """The raw answer."""
        url = path if path.startswith("https://") else self.emulator.base_url + path
        return self.http.request(method, url, **more)

    def get(self, path: str, **headers: str) -> dict[str, Any]:
        """The body of an answer that must be a success."""
        response = self.send(path, headers=headers)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    def error(self, path: str, method: str = "GET", **more: Any) -> tuple[int, str, str]:
        """Status, code and message of a refusal."""
        response = self.send(path, method, **more)
        error = response.json()["error"]
        return response.status_code, error["code"], error["message"]

    def pages(self, path: str, **headers: str) -> list[dict[str, Any]]:
        """Every page, to the end."""
        pages = [self.get(path, **headers)]
        while "@odata.nextLink" in pages[-1]:
            pages.append(self.get(pages[-1]["@odata.nextLink"], **headers))
        return pages

    def all(self, path: str) -> list[dict[str, Any]]:
        """Every item, of all pages."""
        return [item for page in self.pages(path) for item in page["value"]]

    def round(self, path: str, **headers: str) -> tuple[list[dict[str, Any]], str]:
        """The items of a round of a delta query, and its delta link."""
        pages = self.pages(path, **headers)
        return [item for page in pages for item in page["value"]], pages[-1]["@odata.deltaLink"]


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    """A tenant with nothing but the connector's registration."""
    made = Tenant.empty()
    yield made
    made.close()


@pytest.fixture
def emulate(tenant: Tenant) -> Callable[..., Any]:
    """Starts the emulator on the tenant, with options."""

    @contextmanager
    def start(**options: Any) -> Iterator[Graph]:
        with GraphEmulator(tenant, **options) as emulator:
            graph = Graph(emulator)
            try:
                yield graph
            finally:
                graph.http.close()

    return start


@pytest.fixture
def graph(emulate: Callable[..., Any]) -> Iterator[Graph]:
    """A signed-in client of the emulator with its defaults."""
    with emulate() as running:
        yield running


MAY_CHANGE = (
    "AdministrativeUnit.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "Application.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Device.ReadWrite.All",
    "Directory.ReadWrite.All",
    "Group.ReadWrite.All",
    "LicenseAssignment.ReadWrite.All",
    "RoleAssignmentSchedule.ReadWrite.Directory",
    "RoleEligibilitySchedule.ReadWrite.Directory",
    "RoleManagement.ReadWrite.Directory",
    "RoleManagementPolicy.ReadWrite.Directory",
    "User.ReadWrite.All",
)


@pytest.fixture
def writer(graph: Graph, tenant: Tenant) -> Graph:
    """A signed-in client that may change everything."""
    tenant.set_fact("permissions", json.dumps(MAY_CHANGE))
    graph.sign_in()
    return graph


@pytest.fixture
def sdk(graph: Graph) -> Any:
    """Microsoft's own client, signed in as ``graph`` is."""
    from kiota_abstractions.authentication import AuthenticationProvider
    from msgraph import GraphRequestAdapter, GraphServiceClient
    from msgraph_core import GraphClientFactory

    class Bearer(AuthenticationProvider):
        async def authenticate_request(self, request: Any, _context: Any = None) -> None:
            request.headers.try_add("Authorization", graph.http.headers["Authorization"])

    trust = ssl.create_default_context(cafile=graph.emulator.ca_file)
    client = GraphClientFactory.create_with_default_middleware(
        client=httpx.AsyncClient(verify=trust, base_url=graph.emulator.base_url)
    )
    adapter = GraphRequestAdapter(Bearer(), client=client)
    adapter.base_url = graph.emulator.base_url
    return GraphServiceClient(request_adapter=adapter)
