"""Where secrets and certificates come from: a setting, a file, or Key Vault."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

from connector.credentials import describing
from connector.credentials.errors import CertificateUnreadable
from connector.credentials.proofs import Source, Value
from connector.credentials.vault import VaultSecret
from connector.settings import Auth, Settings


class InSetting:
    """What a setting holds, for as long as the process runs."""

    def __init__(self, described: str, text: str) -> None:
        self.described = described
        self._value = Value(text.encode())

    async def read(self) -> Value:
        """The same every time."""
        return self._value

    async def read_earlier(self) -> None:
        """Nobody knows."""

    async def close(self) -> None:
        """Nothing is open."""


class InFile:
    """A certificate in a file, which others may replace."""

    def __init__(self, described: str, path: Path) -> None:
        self.described = described
        self._path = path

    async def read(self) -> Value:
        """What is in the file now.

        Raises:
            CertificateUnreadable: it cannot be read.
        """
        try:
            return Value(await asyncio.to_thread(self._path.read_bytes))
        except OSError as error:
            raise CertificateUnreadable(self.described, error.strerror or "it cannot be opened") from None

    async def read_earlier(self) -> None:
        """It was overwritten."""

    async def close(self) -> None:
        """Nothing is open."""


def open_source(settings: Settings, trusted: ssl.SSLContext) -> Source:
    """Where the secret or certificate of ``settings.auth`` comes from. Whoever opens it closes it."""
    described = describing.place(settings)
    if settings.auth is Auth.CERTIFICATE:
        if settings.certificate_file is not None:
            return InFile(described, settings.certificate_file)
        name, setting, text = settings.certificate_name, "ENTRA_CERTIFICATE_NAME", settings.certificate
    else:
        name, setting, text = settings.client_secret_name, "ENTRA_CLIENT_SECRET_NAME", settings.client_secret
    return VaultSecret(settings, trusted, name, setting) if name else InSetting(described, text)
