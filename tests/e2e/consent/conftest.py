"""One browser, one tenant and one hosted deployment at which consent can be given, for all the tests here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from connector.permissions import enabled_features, needed_for
from connector.settings import Settings
from emulators.certificates import CertificateAuthority
from emulators.functions import FunctionsHost
from emulators.graph import GraphEmulator
from emulators.graph.tenant.tenant import Tenant
from tests.support.browser import chromium
from tests.support.hosted_operations import idle
from tests.support.snapshots import make_container
from tests.support.tls_front import tls_front

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

APP = Path(__file__).parents[3]
KEY = "0123456789abcdef0123456789abcdef"
SECRET = "s3cret that nobody may see"
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"


@dataclass
class Connecting:
    """A deployment, and a browser that has not been there."""

    graph: GraphEmulator
    host: FunctionsHost
    environment: dict[str, str]
    browser: BrowserContext
    page: Page
    violations: list[str]

    @property
    def url(self) -> str:
        """The public address."""
        return self.environment["NOTIFICATION_URL"]

    @property
    def callback(self) -> str:
        """Where Microsoft Entra ID sends the browser back to."""
        return f"{self.url}/api/connect/callback"

    def begin(self) -> str:
        """Open the first page, which leads to Microsoft's; the state that went along."""
        self.page.goto(f"{self.url}/api/connect")
        return self.state()

    def state(self) -> str:
        """The state in the address of Microsoft's page."""
        from urllib.parse import parse_qs, urlsplit

        return parse_qs(urlsplit(self.page.url).query)["state"][0]

    def decide(self, decision: str) -> int:
        """Press a button of Microsoft's page, and come back; the status of the page that is shown then."""
        with self.page.expect_response(lambda answer: answer.url.startswith(self.callback)) as came:
            self.page.click(f"#{decision}")
        self.page.wait_for_load_state()
        return int(came.value.status)

    def open(self, url: str, page: Page | None = None) -> int:
        """Open an address; its status."""
        answer = (page or self.page).goto(url)
        assert answer is not None
        return int(answer.status)

    def heading(self, page: Page | None = None) -> str:
        """The heading of the page that is shown."""
        return str((page or self.page).inner_text("h1"))

    def text(self) -> str:
        """All that is shown."""
        return str(self.page.inner_text("main"))

    def connection(self) -> dict[str, Any] | None:
        """What is recorded."""
        return self._document("connection.json")

    def forget(self) -> None:
        """Let the tenant and storage be as if nobody had been there."""
        tenant = self.graph.tenant
        rows = tenant.db.execute(
            "SELECT id FROM objects WHERE type = 'servicePrincipal' AND deleted IS NULL AND json_extract(body, '$.appId') = ?",
            (self.environment["ENTRA_CLIENT_ID"],),
        ).fetchall()
        for (principal,) in rows:
            tenant.delete_service_principal(principal)
        with self._container() as container:
            for name in list(container.list_blob_names()):
                container.delete_blob(name)

    def _document(self, name: str) -> dict[str, Any] | None:
        with self._container() as container:
            try:
                found = container.download_blob(f"{self.graph.tenant.id}/{name}").readall()
            except ResourceNotFoundError:
                return None
        document: dict[str, Any] = json.loads(found)
        return document

    def _container(self) -> Any:
        service = BlobServiceClient.from_connection_string(self.environment["AzureWebJobsStorage"])
        return service.get_container_client("entra")


@dataclass
class Deployed:
    """A tenant, and a deployment that an application of another tenant belongs to."""

    graph: GraphEmulator
    host: FunctionsHost
    environment: dict[str, str]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The one browser. It must be closed before other modules' tests, which use event loops."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def deployed(
    browser: Browser, new_storage_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployed]:
    """A deployment behind TLS, as in Azure."""
    behind: list[str] = []
    authority = CertificateAuthority(tmp_path_factory.mktemp("authority"))
    tenant = Tenant.empty()
    with tls_front(authority, behind) as url, GraphEmulator(tenant, certificates=authority) as graph:
        app = tenant.publish_application("Access review", redirect_uris=[f"{url}/api/connect/callback"])
        tenant.add_client_secret(SECRET, app_id=app)
        tenant.assign_role(tenant.create_user("Ada Admin"), GLOBAL_ADMINISTRATOR)
        tenant.create_user("Some One")
        environment = {
            **graph.environment(),
            "ENTRA_CLIENT_ID": app,
            "ENTRA_CLIENT_SECRET": SECRET,
            "CONNECT_STATE_KEY": KEY,
            "NOTIFICATION_URL": url,
            "AzureWebJobsStorage": new_storage_account(),
            "SYNC_SCHEDULE": "0 0 0 1 1 *",
            "INCREMENTAL_SCHEDULE": "0 0 0 1 1 *",
        }
        settings = Settings.load(environment)
        needed = [one.name for one in needed_for(enabled_features(settings))]
        tenant.configure_application(app_id=app, permissions=needed)
        make_container(settings)
        with FunctionsHost(APP, environment | idle(), max_polling_ms=50) as host:
            behind.append(host.url)
            yield Deployed(graph, host, environment)
    tenant.close()


@pytest.fixture
def connecting(browser: Browser, deployed: Deployed) -> Iterator[Connecting]:
    """A browser that has been nowhere, and a tenant that has consented to nothing."""
    context = browser.new_context(ignore_https_errors=True)  # it does not trust the emulator's authority
    context.set_default_timeout(30_000)
    page = context.new_page()
    violations: list[str] = []
    page.on("console", lambda message: violations.append(message.text) if "Content Security" in message.text else None)
    made = Connecting(deployed.graph, deployed.host, deployed.environment, context, page, violations)
    made.forget()
    yield made
    context.close()
    assert not violations, violations
