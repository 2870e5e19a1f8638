"""One certificate authority for the servers of several emulators, so that a client needs to trust one file only."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
_CERTIFICATE, _KEY = "ca.pem", "ca-key.pem"


class CertificateAuthority:
    """Signs server certificates. It is kept in a folder, so that another process can sign with it as well.

    Args:
        folder: where it is kept; made there unless it is there already.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        key_file = folder / _KEY
        if key_file.exists():
            self._authority = trustme.CA.from_pem(Path(self.ca_file).read_bytes(), key_file.read_bytes())
            return
        self._authority = trustme.CA(organization_name="Emulated Microsoft cloud")
        self._authority.cert_pem.write_to_path(self.ca_file)
        key_file.touch(mode=0o600)
        self._authority.private_key_pem.write_to_path(str(key_file))

    @property
    def ca_file(self) -> str:
        """PEM file of its own certificate: what clients trust."""
        return str(self._folder / _CERTIFICATE)

    def server(self, *names: str) -> ssl.SSLContext:
        """What a server needs to be trusted as this machine and as ``names``, such as ``*.vault.azure.net``."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*LOCAL_NAMES, *names).configure_cert(context)
        return context

    def files(self, folder: Path) -> tuple[Path, Path]:
        """A server's certificate with its chain, and its key, as PEM files in ``folder``, for another program."""
        issued = self._authority.issue_cert(*LOCAL_NAMES)
        certificate, key = folder / "server.pem", folder / "server-key.pem"
        certificate.write_bytes(b"".join(one.bytes() for one in issued.cert_chain_pems))
        key.touch(mode=0o600)
        issued.private_key_pem.write_to_path(str(key))
        return certificate, key
