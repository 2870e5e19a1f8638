"""Certificates as Key Vault keeps them: read from PEM or PKCS#12, and kept as the value of a secret."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509 import Certificate, load_pem_x509_certificates

from emulators.keyvault.errors import VaultError, bad_parameter

PEM = "application/x-pem-file"
PKCS12 = "application/x-pkcs12"
_BEGIN = "-----BEGIN"


@dataclass(frozen=True, slots=True)
class Imported:
    """A certificate with its key, as the value of a secret; times in seconds since 1970."""

    value: str = field(repr=False)
    content_type: str
    certificate: bytes
    starts_at: int
    ends_at: int


def imported(content: str, password: str | None = None) -> Imported:
    """Read what is imported: PEM with a PKCS#8 key, or PKCS#12 in base64. What is kept has no password.

    Raises:
        VaultError: it is neither, has no key, or the password is wrong.
    """
    secret = password.encode() if password else None
    try:
        if content.lstrip().startswith(_BEGIN):
            return _from_pem(content, secret)
        return _from_pkcs12(base64.b64decode(content, validate=True), secret)
    except (ValueError, TypeError, binascii.Error):
        text = "The specified PKCS#12 or PEM X.509 certificate content can not be read. Please check if certificate is "
        raise bad_parameter(text + "in valid format and the password is right.") from None


def _from_pem(content: str, password: bytes | None) -> Imported:
    key = load_pem_private_key(content.encode(), password)
    chain = load_pem_x509_certificates(content.encode())
    parts = [key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())]
    parts += [one.public_bytes(Encoding.PEM) for one in chain]
    return _made(b"".join(parts).decode(), PEM, chain[0])


def _from_pkcs12(content: bytes, password: bytes | None) -> Imported:
    key, certificate, others = pkcs12.load_key_and_certificates(content, password)
    if certificate is None or not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise _keyless()
    value = pkcs12.serialize_key_and_certificates(None, key, certificate, others, NoEncryption())
    return _made(base64.b64encode(value).decode(), PKCS12, certificate)


def _made(value: str, content_type: str, certificate: Certificate) -> Imported:
    return Imported(
        value,
        content_type,
        certificate.public_bytes(Encoding.DER),
        int(certificate.not_valid_before_utc.timestamp()),
        int(certificate.not_valid_after_utc.timestamp()),
    )


def _keyless() -> VaultError:
    return bad_parameter("Private key is not specified in the specified X.509 PEM or PKCS#12 certificate content.")
