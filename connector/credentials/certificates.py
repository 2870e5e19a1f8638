"""A certificate with its private key, however it comes: PEM or PKCS#12, with a password or without, in Base64 or not."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connector.credentials.errors import (
    CertificateKeyUnsuitable,
    CertificateNotInForce,
    CertificatePasswordWrong,
    CertificateUnreadable,
    CertificateWithoutKey,
)

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_PEM = b"-----BEGIN "
_PRIVATE_KEY = re.compile(rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----")
_ONE_LINE = re.compile(rb"\\r\\n|\\n")
_ENCRYPTED = re.compile(rb"BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED")
_PKCS12_SEQUENCE = 0x30  # what PKCS#12, being DER, begins with


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is needed to sign in.

    Attributes:
        pem: the certificate and its private key, without a password, for azure-identity.
        expires_at: its own end (UTC).
        thumbprint: SHA-1 in capitals, as the portal shows it.
    """

    pem: bytes = field(repr=False)
    expires_at: datetime
    thumbprint: str


def read_certificate(data: bytes, password: str, source: str, *, now: datetime | None = None) -> Certificate:
    """The certificate in ``data`` that can sign in.

    Of several, as in a chain, it is the one to which the private key belongs. A password that the data does not need does no harm: what
    Key Vault exports has none, whatever protected it on its way in.

    Args:
        data: PEM (its lines may be separated by the two characters of backslash and n, as some tools write settings), or PKCS#12,
            which may be in Base64.
        password: of the private key; empty for none.
        source: where it came from, for sentences.
        now: the time, with its zone; by default this machine's.

    Raises:
        CertificateUnusable: it cannot sign in; its subclasses say why.
    """
    key, certificates = _from_pem(data, password, source) if _PEM in data else _from_pkcs12(data, password, source)
    moment = now or datetime.now(UTC)
    mine = _belonging(key, certificates, source, moment)
    begins, ends = mine.not_valid_before_utc, mine.not_valid_after_utc
    if not begins <= moment < ends:
        raise CertificateNotInForce(source, begins, ends, moment)
    return _certificate(key, mine)


def _from_pem(data: bytes, password: str, source: str) -> tuple[PrivateKeyTypes, list[x509.Certificate]]:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    text = _ONE_LINE.sub(b"\n", data)
    if not _PRIVATE_KEY.search(text):
        raise CertificateWithoutKey(source)
    secret = password.encode() if password and _ENCRYPTED.search(text) else None
    try:
        key = load_pem_private_key(text, secret)
    except TypeError:  # encrypted, and no password
        raise CertificatePasswordWrong(source, given=False) from None
    except (ValueError, UnsupportedAlgorithm):
        if secret:
            raise CertificatePasswordWrong(source, given=True) from None
        raise CertificateUnreadable(source, "its private key is damaged") from None
    try:
        return key, x509.load_pem_x509_certificates(text)
    except ValueError:
        raise CertificateUnreadable(source, "there is no certificate next to its private key") from None


def _from_pkcs12(data: bytes, password: str, source: str) -> tuple[PrivateKeyTypes, list[x509.Certificate]]:
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

    der = _der(data, source)
    passwords = [password.encode(), None, b""] if password else [None, b""]
    for one in passwords:
        try:
            key, mine, others = load_key_and_certificates(der, one)
        except ValueError:
            continue
        if key is None:
            raise CertificateWithoutKey(source)
        return key, [*([mine] if mine else []), *others]
    # The library does not tell a wrong password from damage, and the first is what happens.
    raise CertificatePasswordWrong(source, given=bool(password))


def _der(data: bytes, source: str) -> bytes:
    if data[:1] == bytes([_PKCS12_SEQUENCE]) and not data[:64].isascii():
        return data
    try:
        der = base64.b64decode(b"".join(data.split()), validate=True)
    except binascii.Error:
        der = b""
    if der[:1] != bytes([_PKCS12_SEQUENCE]):
        raise CertificateUnreadable(source, "it is neither PEM nor PKCS#12")
    return der


def _belonging(
    key: PrivateKeyTypes, certificates: list[x509.Certificate], source: str, now: datetime
) -> x509.Certificate:
    """The certificate of ``key``: files that hold a chain may begin with any of it. Of several, as where one was renewed with its key, one in
    force, and of those the one that ends last."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    if not isinstance(key, RSAPrivateKey):
        raise CertificateKeyUnsuitable(source)
    public = key.public_key()
    mine = [one for one in certificates if one.public_key() == public]
    if not mine:
        raise CertificateWithoutKey(source, "its private key belongs to another certificate")
    return max(mine, key=lambda one: (one.not_valid_before_utc <= now, one.not_valid_after_utc))


def _certificate(key: PrivateKeyTypes, mine: x509.Certificate) -> Certificate:
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    thumbprint = mine.fingerprint(SHA1()).hex().upper()  # noqa: S303 (Entra ID names certificates by it)
    return Certificate(private + mine.public_bytes(Encoding.PEM), mine.not_valid_after_utc, thumbprint)
