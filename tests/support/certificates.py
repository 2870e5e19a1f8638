"""Certificates with which applications sign in, in every form that they come in."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as new_elliptic_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID


@cache
def _key(number: int) -> object:
    return new_elliptic_key(SECP256R1()) if number < 0 else generate_private_key(65537, 2048)


@dataclass(frozen=True)
class Made:
    """A certificate that signs itself. ``number``: of its key; below zero: an elliptic one."""

    number: int = 0
    begins: timedelta = timedelta(days=-1)
    ends: timedelta = timedelta(days=90)
    name: str = "connector"

    @cached_property
    def certificate(self) -> x509.Certificate:
        now = datetime.now(UTC).replace(microsecond=0)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        key = _key(self.number)
        return (
            x509.CertificateBuilder(name, name, key.public_key(), 7 + self.number)  # type: ignore[attr-defined]
            .not_valid_before(now + self.begins)
            .not_valid_after(now + self.ends)
            .sign(key, SHA256())  # type: ignore[arg-type]
        )

    @property
    def public(self) -> bytes:
        """PEM without the key: what is uploaded to the app registration."""
        return self.certificate.public_bytes(Encoding.PEM)

    def key(self, password: str = "") -> bytes:
        """PEM of the key."""
        return _key(self.number).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _protected(password))  # type: ignore[attr-defined,no-any-return]

    def pem(self, password: str = "") -> bytes:
        """Key and certificate."""
        return self.key(password) + self.public

    def pfx(self, password: str = "", *, key: bool = True) -> bytes:
        """PKCS#12."""
        return pkcs12.serialize_key_and_certificates(
            b"connector",
            _key(self.number) if key else None,  # type: ignore[arg-type]
            self.certificate,
            None,
            _protected(password),
        )

    def base64(self, password: str = "") -> str:
        """PKCS#12 in Base64."""
        return base64.b64encode(self.pfx(password)).decode()


def _protected(password: str) -> KeySerializationEncryption:
    return BestAvailableEncryption(password.encode()) if password else NoEncryption()
