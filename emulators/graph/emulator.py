"""The Graph emulator: a tenant behind HTTPS, with sign-in, throttling, faults and counters."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from emulators.certificates import CertificateAuthority
from emulators.graph.service.admin import PREFIX, Admin
from emulators.graph.service.clock import Clock
from emulators.graph.service.context import Context
from emulators.graph.service.dispatcher import Dispatcher
from emulators.graph.service.entra import Entra
from emulators.graph.service.faults import Fault, Faults
from emulators.graph.service.identity_tokens import IdentityTokens
from emulators.graph.service.jwt import Issuer
from emulators.graph.service.metrics import Metrics
from emulators.graph.service.pages.consent import ConsentPage
from emulators.graph.service.pages.device import DevicePage
from emulators.graph.service.people.devices import Devices
from emulators.graph.service.people.endpoint import PeopleEndpoint
from emulators.graph.service.pim.requests import Requests
from emulators.graph.service.pim.routes import PimRoutes
from emulators.graph.service.routing import Router
from emulators.graph.service.server import Server
from emulators.graph.service.signin import SignIn
from emulators.graph.service.subscriptions.notifications import Notifications
from emulators.graph.service.subscriptions.operations import SubscriptionRoutes
from emulators.graph.service.throttle import TenantSize, Throttle
from emulators.graph.service.tokens import TokenMaker
from emulators.graph.service.variants import Variants
from emulators.graph.tenant.tenant import Tenant
from emulators.graph.tenant.verbs import VERBS


class GraphEmulator:
    """Serves ``tenant`` while the ``with`` block runs. It does not close the tenant.

    Args:
        tenant: the state; its verbs may be used while the service runs.
        port: 0 for one that the system chooses.
        latency_ms: how long every HTTP answer takes at least; a batch is one.
        throttle: size class whose limits are enforced: ``s``, ``m``, ``l``, or ``off``.
        variants: which of several possible behaviours to show.
        notification_ca_file: PEM file of the authority of the endpoints that are notified; None for the system's.
        verify_notifications: False accepts any certificate of theirs.
        certificates: who signs the server's certificate; an authority of its own where None.
    """

    def __init__(
        self,
        tenant: Tenant,
        *,
        port: int = 0,
        latency_ms: float = 0,
        throttle: str = "off",
        variants: Variants | None = None,
        notification_ca_file: str | None = None,
        verify_notifications: bool = True,
        certificates: CertificateAuthority | None = None,
    ) -> None:
        self.tenant = tenant
        self.clock = Clock()
        self.metrics = Metrics()
        self.faults = Faults(VERBS, self._do)
        self._context = Context(tenant, self.clock, TokenMaker(secrets.token_bytes(32)), variants or Variants())
        schedules = Requests(self._context)
        self.clock.listen(schedules.settle)
        self.notifications = Notifications(
            tenant, self._context, ca_file=notification_ca_file, verify=verify_notifications
        )
        issuer = self._issuer = Issuer(self.clock)
        self.throttle = Throttle(TenantSize(throttle), self.clock, tenant.id)
        self.dispatcher = Dispatcher(
            context=self._context,
            issuer=issuer,
            throttle=self.throttle,
            metrics=self.metrics,
            faults=self.faults,
            router=Router(SubscriptionRoutes(self.notifications).add_to, PimRoutes(schedules).add_to),
        )
        self.identity_tokens = IdentityTokens(self._context, issuer)
        self.devices = Devices(tenant, self._context)
        self.sign_in = Entra(
            (
                PeopleEndpoint(tenant, self._context, issuer, self.devices),
                SignIn(self._context, issuer),
                ConsentPage(tenant, self._context),
                DevicePage(self._context, self.devices),
            )
        )
        self.admin = Admin(
            tenant,
            self._context,
            self.metrics,
            self.faults,
            self.throttle,
            notifications=self.notifications,
            devices=self.devices,
        )
        self._port = port
        self._latency_seconds = latency_ms / 1000
        self._server: Server | None = None
        self._given_certificates = certificates
        self._certificates: CertificateAuthority | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="graph-emulator-")
        try:
            self._certificates = self._given_certificates or CertificateAuthority(Path(self._folder.name))
            self._server = Server(
                self, self._certificates.server(), port=self._port, latency_seconds=self._latency_seconds
            )
            self._server.start()
        except BaseException:
            self._folder.cleanup()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.stop()
        if self._folder is not None:
            self._folder.cleanup()

    @property
    def _running(self) -> Server:
        if self._server is None:
            raise RuntimeError("the Graph emulator runs inside its with block only")
        return self._server

    @property
    def variants(self) -> Variants:
        """The behaviour shown now; may be replaced while running."""
        return self._context.variants

    @variants.setter
    def variants(self, variants: Variants) -> None:
        self._context.variants = variants

    def fail(self, *faults: Fault) -> None:
        """Arm faults for calls to come."""
        for fault in faults:
            self.faults.add(fault)

    def _do(self, verb: str, arguments: Mapping[str, Any]) -> object:
        with self.tenant.lock:
            return VERBS[verb](self.tenant, **arguments)

    def reset_delta(self, entity_set: str, *, location: bool = True) -> None:
        """Let delta queries of an entity set, such as ``users``, answer 410 until they are begun anew.

        Args:
            entity_set: such as ``users`` or ``directoryObjects``.
            location: whether the answer has a ``Location`` header.
        """
        self._context.resets.reset(entity_set, location=location)

    def rewind(self) -> None:
        """Go back to when the service began: time, resets and faults, for who has put the tenant back, too."""
        self.clock.rewind()
        self._context.resets.forget()
        self._context.replica.settle()
        self.faults.clear()

    def settle_reads(self) -> None:
        """Let reads that lag behind (variant ``read_lag_changes``) see everything that has been written so far."""
        self._context.replica.settle()

    @property
    def base_url(self) -> str:
        """Graph v1.0."""
        return f"{self.authority}/v1.0"

    @property
    def beta_url(self) -> str:
        """Graph beta."""
        return f"{self.authority}/beta"

    @property
    def authority(self) -> str:
        """The sign-in endpoint, which is also the root of Graph."""
        return self._running.root

    @property
    def admin_url(self) -> str:
        """The admin address."""
        return f"{self.authority}/{PREFIX}"

    @property
    def certificates(self) -> CertificateAuthority:
        """Who signed the server's certificate, and may sign those of emulators beside it."""
        if self._certificates is None:
            raise RuntimeError("the Graph emulator runs inside its with block only")
        return self._certificates

    @property
    def ca_file(self) -> str:
        """PEM file of the authority that signed the server's certificate."""
        return self.certificates.ca_file

    def key_set(self) -> dict[str, Any]:
        """The public keys with which tokens of the sign-in endpoint are checked: a JSON Web Key Set."""
        return self._issuer.key_set()

    @property
    def client_id(self) -> str:
        """Application id that may sign in."""
        return self.tenant.client_id

    @property
    def client_secret(self) -> str:
        """Its secret."""
        return self.tenant.client_secret

    def info(self) -> dict[str, str]:
        """All that a client needs, as JSON."""
        return {
            "base_url": self.base_url,
            "beta_url": self.beta_url,
            "authority": self.authority,
            "ca_file": self.ca_file,
            "tenant_id": self.tenant.id,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "admin_url": self.admin_url,
        }

    def environment(self) -> dict[str, str]:
        """The connector's settings that point it here."""
        return environment_of(self.info())


def environment_of(info: Mapping[str, str]) -> dict[str, str]:
    """The connector's settings that point it to an emulator with this :meth:`GraphEmulator.info`."""
    return {
        "ENTRA_TENANT_ID": info["tenant_id"],
        "ENTRA_CLIENT_ID": info["client_id"],
        "ENTRA_CLIENT_SECRET": info["client_secret"],
        "ENTRA_AUTHORITY": info["authority"],
        "GRAPH_ENDPOINT": info["authority"],
        "TLS_CA_FILE": info["ca_file"],
    }
