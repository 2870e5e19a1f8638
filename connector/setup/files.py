"""A ``local.settings.json``: settings are merged into it, and, for development only, it keeps the client secret."""

from __future__ import annotations

import json
import os
import platform
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from connector.credentials.hints import hint_of
from connector.setup.errors import SetupProblem
from connector.setup.keeping import NewSecret, NotKept
from connector.setup.tenant import Kept, Password
from connector.setup.wanted import PublicCertificate, public_certificate

_SECRET = "ENTRA_CLIENT_SECRET"  # noqa: S105 (the name of a setting)


class FilePlace:
    """A settings file as the place where a client secret is kept.

    Attributes:
        described: the file and the machine, for people.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.described = f"{path.resolve()} on {platform.node()}"

    async def kept(self, app_id: str, passwords: Sequence[Password]) -> Kept:
        """The one of ``passwords`` that begins as what is in the file: all that Graph tells of a secret is how it begins."""
        values = read_values(self._path)
        text = values.get(_SECRET, "")
        if not text:
            return Kept()
        ours = values.get("ENTRA_CLIENT_ID", "").lower() == app_id
        same = [one.key_id for one in passwords if ours and one.hint and one.hint == hint_of(text)]
        return Kept(same[-1], frozenset(same)) if same else Kept(foreign=True)

    async def keep(self, secret: NewSecret, app_id: str) -> None:
        """Write it, at once or not at all."""
        try:
            write_values(self._path, {_SECRET: secret.text, "ENTRA_CLIENT_ID": app_id})
        except SetupProblem as problem:
            raise NotKept(problem, certain=True) from None

    async def text(self) -> str:
        """What is in the file."""
        return read_values(self._path).get(_SECRET, "")

    async def close(self) -> None:
        """Nothing is open."""


class PemFile:
    """A certificate in a file: PEM, with its key or without."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def has_key(self) -> bool:
        """Whether the private key is in the file, too."""
        return b"PRIVATE KEY-----" in self._read()

    async def certificate(self) -> PublicCertificate:
        """The first certificate in the file, which is the one that signs."""
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import Encoding

        data = self._read()
        try:
            first = x509.load_pem_x509_certificates(data)[0]
        except (ValueError, IndexError):
            raise SetupProblem(f"The file {self._path} holds no certificate.", "Give PEM with a certificate.") from None
        return public_certificate(first.public_bytes(Encoding.DER), str(self._path))

    async def text(self) -> str:
        """The file, where the private key is in it."""
        return self._read().decode("ascii", "replace") if self.has_key else ""

    async def close(self) -> None:
        """Nothing is open."""

    def _read(self) -> bytes:
        try:
            return self._path.read_bytes()
        except OSError as error:
            raise SetupProblem(f"The file {self._path} cannot be read: {error.strerror}.", "Correct that.") from None


def read_values(path: Path) -> dict[str, str]:
    """The ``Values`` of the file; none where there is no file.

    Raises:
        SetupProblem: it is no ``local.settings.json``.
    """
    values = _read(path).get("Values", {})
    if not isinstance(values, dict):
        raise _no_settings_file(path)
    return {str(name): str(value) for name, value in values.items()}


def write_values(path: Path, changes: Mapping[str, str], *, without: Sequence[str] = ()) -> bool:
    """Merge ``changes`` into the ``Values`` of the file, which only its owner can read then; whether anything changed.

    Args:
        without: names that are taken out.

    Raises:
        SetupProblem: it is no ``local.settings.json``, or cannot be written.
    """
    whole = _read(path) or {"IsEncrypted": False, "Values": {"FUNCTIONS_WORKER_RUNTIME": "python"}}
    before = read_values(path) if path.exists() else {}
    values = {**whole.get("Values", {}), **changes}
    whole["Values"] = {name: value for name, value in values.items() if name not in without}
    if path.exists() and whole["Values"] == before:
        return False
    try:
        _replace(path, json.dumps(whole, indent=2) + "\n")
    except OSError as error:
        raise SetupProblem(f"The settings file {path} cannot be written: {error.strerror}.", "Correct that.") from None
    return True


def _replace(path: Path, text: str) -> None:
    """Write beside it and put that in its place, so that nobody ever finds half of it. ``mkstemp`` makes files with mode 0600."""
    handle, beside = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.resolve().parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).replace(path.resolve())
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _read(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SetupProblem(f"The settings file {path} cannot be read: {error.strerror}.", "Correct that.") from None
    except ValueError:
        raise _no_settings_file(path) from None
    if not isinstance(read, dict):
        raise _no_settings_file(path)
    return read


def _no_settings_file(path: Path) -> SetupProblem:
    return SetupProblem(
        f"The file {path} is not JSON with an object `Values`.",
        "Name a local.settings.json, or a file that is not there yet.",
    )
