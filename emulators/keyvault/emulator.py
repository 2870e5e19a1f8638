"""The Key Vault emulator: a vault behind HTTPS, with the service's authentication, roles, soft delete and refusals."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch

from aiohttp import web

from emulators.certificates import CertificateAuthority
from emulators.graph.emulator import GraphEmulator
from emulators.graph.service.answering import answer, response
from emulators.graph.service.clock import Clock
from emulators.graph.service.faults import Fault, Faults
from emulators.graph.service.messages import split_target
from emulators.keyvault.access import Access, Network, Role
from emulators.keyvault.admin import PREFIX, Admin
from emulators.keyvault.service import Request, Service
from emulators.keyvault.tokens import Tokens
from emulators.keyvault.vault import Vault
from emulators.localserver import HOST, LocalServer, body_of, headers_of

_PUBLIC_NAMES = ("*.vault.azure.net", "*.vault.usgovcloudapi.net", "*.vault.azure.cn")
_OUTSIDE = "the Key Vault emulator runs inside its with block only"


class KeyVaultEmulator:
    """Serves a vault while the ``with`` block runs. Nobody has a role in it at first: see :meth:`grant`.

    Args:
        tenant_id: whose tokens count.
        authority: the sign-in address of that tenant's cloud, such as ``https://login.microsoftonline.com``.
        keys: gives the JSON Web Key Set with which tokens are checked.
        certificates: who signs the server's certificate; an authority of its own where None.
        clock: the time; the machine's where None.
        name: the vault's name.
        resource: the audience of tokens, which differs between clouds.
        purge_protection: whether what is deleted stays recoverable until its time is over.
        retention_days: how long that is: 7 to 90.
        port: 0 for one that the system chooses, and keeps over :meth:`stop` and :meth:`start`.
    """

    def __init__(
        self,
        *,
        tenant_id: str,
        authority: str,
        keys: Callable[[], Mapping[str, Any]],
        certificates: CertificateAuthority | None = None,
        clock: Clock | None = None,
        name: str = "contoso-kv",
        resource: str = "https://vault.azure.net",
        purge_protection: bool = True,
        retention_days: int = 90,
        port: int = 0,
    ) -> None:
        if not 7 <= retention_days <= 90:
            raise ValueError(f"retention_days must be 7 to 90, not {retention_days}")
        clock = clock or Clock()
        self.vault = Vault(clock, purge_protection=purge_protection, retention_days=retention_days, name=name)
        self.access = Access()
        self.faults = Faults((), lambda _verb, _arguments: None)
        self._service = Service(
            self.vault,
            self.access,
            Tokens(tenant_id=tenant_id, resource=resource, keys=keys, clock=clock),
            f'Bearer authorization="{authority}/{tenant_id}", resource="{resource}"',
        )
        self._admin = Admin(self)
        self._suffix = resource.removeprefix("https://")
        self._given_certificates = certificates
        self._certificates: CertificateAuthority | None = None
        self._port = port
        self._server: LocalServer | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @classmethod
    def beside(cls, graph: GraphEmulator, **options: Any) -> Self:
        """A vault of the tenant of a running Graph emulator, which shares its clock and its certificate authority.

        Args:
            graph: the emulator that issues the tokens.
            options: further arguments of the constructor.
        """
        return cls(
            tenant_id=graph.tenant.id,
            authority=graph.authority,
            keys=graph.key_set,
            certificates=graph.certificates,
            clock=graph.clock,
            **options,
        )

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="keyvault-emulator-")
        try:
            self._certificates = self._given_certificates or CertificateAuthority(Path(self._folder.name))
            self.start()
        except BaseException:
            self._folder.cleanup()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._folder is not None:
            self._folder.cleanup()

    def start(self) -> None:
        """Listen (again) on the port that it has had from the beginning."""
        if self._certificates is None:
            raise RuntimeError(_OUTSIDE)
        if self._server is not None:
            raise RuntimeError("the Key Vault emulator is running already")
        tls = self._certificates.server(*_PUBLIC_NAMES)
        server = LocalServer(self._serve, tls=tls, port=self._port, name="keyvault-emulator")
        server.start()
        self._server, self._port = server, server.port

    def stop(self) -> None:
        """Close every connection and listen no longer; nothing is lost. Stopping twice does no harm."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def grant(self, object_id: str, role: Role = Role.SECRETS_USER) -> None:
        """Give a role on this vault to a user or service principal, by object id."""
        self.access.grant(object_id, role)

    def revoke(self, object_id: str, role: Role | None = None) -> None:
        """Take one role back, or all where None."""
        self.access.revoke(object_id, role)

    def fail(self, *faults: Fault) -> None:
        """Arm faults for calls to come; their paths are like ``/secrets/name/?api-version=7.6``."""
        for fault in faults:
            self.faults.add(fault)

    @property
    def network(self) -> Network:
        """From where the vault can be reached; may be changed while running."""
        return self._service.network

    @network.setter
    def network(self, network: Network) -> None:
        self._service.network = network

    def counted(self) -> dict[str, int]:
        """Requests by operation, by the audit log's names: ``SecretGet``, …; 401 are ``Authentication``."""
        return self._service.counted()

    def forget_counts(self) -> None:
        """Count from zero again."""
        self._service.forget_counts()

    @property
    def url(self) -> str:
        """The vault's address. Clients must not compare it with the challenge's resource."""
        if not self._port:
            raise RuntimeError(_OUTSIDE)
        return f"https://localhost:{self._port}"

    @contextmanager
    def public_name(self) -> Iterator[str]:
        """The address that the vault would have in the cloud, which leads here while the block runs, in this process.

        Clients can compare it with the challenge's resource, as they do in the cloud.
        """
        host = f"{self.vault.name}.{self._suffix}"
        real = socket.getaddrinfo

        def resolve(name: Any, port: Any, *arguments: Any, **options: Any) -> Any:
            wanted = name.decode() if isinstance(name, bytes) else name
            ours = isinstance(wanted, str) and wanted.lower() == host
            return real(HOST, self._port, *arguments, **options) if ours else real(name, port, *arguments, **options)

        with patch.object(socket, "getaddrinfo", resolve):
            yield f"https://{host}"

    @property
    def ca_file(self) -> str:
        """PEM file of the authority that signed the server's certificate."""
        if self._certificates is None:
            raise RuntimeError(_OUTSIDE)
        return self._certificates.ca_file

    def info(self) -> dict[str, str]:
        """All that a client needs, as JSON."""
        return {"url": self.url, "ca_file": self.ca_file, "admin_url": f"{self.url}/{PREFIX}"}

    def environment(self) -> dict[str, str]:
        """The connector's settings that point it here."""
        return {"KEY_VAULT": self.url, "TLS_CA_FILE": self.ca_file}

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await body_of(request)
        if body is None:
            return web.Response(status=413)
        path, options = split_target(request.raw_path)
        if path.partition("/")[0] == PREFIX:
            return response(self._admin.serve(request.method, path.removeprefix(PREFIX).strip("/"), body))
        headers = headers_of(request)
        parsed = Request(
            request.method,
            path,
            dict(options),
            headers.get("authorization", ""),
            body,
            f"https://{request.host}",
            request.remote or "",
        )
        return await answer(request, self.faults, lambda fault: self._service.serve(parsed, fault))
