"""JSON Web Tokens that clients sign in with: parsed into types, signatures checked with certificates or key sets."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, load_pem_x509_certificate


class AssertionMalformed(Exception):
    """Not a signed JSON Web Token with the claims that every assertion has."""


class Header(msgspec.Struct, frozen=True):
    """The header of an assertion. Thumbprints are base64url, padded or not: clients do both."""

    alg: str
    x5t: str = ""
    x5t_s256: str = msgspec.field(default="", name="x5t#S256")
    kid: str = ""


class Claims(msgspec.Struct, frozen=True):
    """What an assertion claims. Some clients write times as fractions. Entra ID's own tokens name application and object."""

    iss: str
    sub: str
    aud: str | list[str]
    exp: float
    nbf: float = 0
    iat: float = 0
    appid: str = ""
    oid: str = ""

    @property
    def audiences(self) -> tuple[str, ...]:
        """For whom it was made."""
        return (self.aud,) if isinstance(self.aud, str) else tuple(self.aud)


class Assertion:
    """A parsed assertion, whose signature is yet to be checked.

    Raises:
        AssertionMalformed: for anything else than a signed token.
    """

    def __init__(self, token: str) -> None:
        try:
            signed, _, signature = token.rpartition(".")
            header, _, payload = signed.partition(".")
            self.header = msgspec.json.decode(_bytes(header), type=Header)
            self.claims = msgspec.json.decode(_bytes(payload), type=Claims)
            self._signature = _bytes(signature)
        except (ValueError, binascii.Error, msgspec.MsgspecError):
            raise AssertionMalformed from None
        self._signed = signed.encode()

    def signed_by(self, key: RSAPublicKey) -> bool:
        """Whether the key's owner signed it, with RS256 or PS256."""
        try:
            if self.header.alg == "RS256":
                key.verify(self._signature, self._signed, PKCS1v15(), SHA256())
            elif self.header.alg == "PS256":
                key.verify(self._signature, self._signed, PSS(MGF1(SHA256()), SHA256().digest_size), SHA256())
            else:
                return False
        except InvalidSignature:
            return False
        return True

    def names(self, certificate: Certificate) -> bool:
        """Whether its header names this certificate, by one thumbprint or the other."""
        raw = certificate.public_bytes(Encoding.DER)
        for given, made in ((self.header.x5t_s256, hashlib.sha256(raw)), (self.header.x5t, hashlib.sha1(raw))):  # noqa: S324
            if given and hmac.compare_digest(given.rstrip("="), _text(made.digest())):
                return True
        return False


def certificate_of(pem: str) -> Certificate:
    """A registered certificate."""
    return load_pem_x509_certificate(pem.encode())


class _Key(msgspec.Struct, frozen=True):
    kty: str
    n: str = ""
    e: str = ""
    kid: str = ""


class _KeySet(msgspec.Struct, frozen=True):
    keys: tuple[_Key, ...] = ()


def keys_of(key_set: str, kid: str) -> list[RSAPublicKey]:
    """The RSA keys of a JSON Web Key Set that have this id, or all where the id is empty."""
    keys = msgspec.json.decode(key_set, type=_KeySet).keys
    return [_rsa(key) for key in keys if key.kty == "RSA" and (not kid or key.kid == kid)]


def key_set_of(key: RSAPublicKey, kid: str, **more: Any) -> dict[str, Any]:
    """A JSON Web Key Set with one key."""
    numbers = key.public_numbers()
    made = {"kty": "RSA", "use": "sig", "kid": kid, "n": _number(numbers.n), "e": _number(numbers.e)}
    return {"keys": [made | more]}


def _rsa(key: _Key) -> RSAPublicKey:
    return RSAPublicNumbers(int.from_bytes(_bytes(key.e)), int.from_bytes(_bytes(key.n))).public_key()


def _number(value: int) -> str:
    return _text(value.to_bytes((value.bit_length() + 7) // 8))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
