"""Access tokens as Entra ID issues them to applications: version 1.0, or 2.0 for an exchange, signed with RS256."""

from __future__ import annotations

import base64
import hashlib
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from emulators.graph.service.assertions import key_set_of
from emulators.graph.service.audiences import GRAPH_AUDIENCE, Audience, version_2_issuer
from emulators.graph.service.clock import Clock

LIFETIME_SECONDS = 3599
_REMEMBERED = 1024
_GRAPH = Audience(GRAPH_AUDIENCE, graph=True)


class TokenMalformed(Exception):
    """Not a token of this issuer."""


class TokenExpired(Exception):
    """The token's time is over, or has not come."""


class Claims(msgspec.Struct, frozen=True):
    """The claims that the service decides on."""

    aud: str
    tid: str
    appid: str
    oid: str
    nbf: int
    exp: int
    roles: tuple[str, ...] = ()
    scp: str = ""
    idtyp: str = "app"


@dataclass(frozen=True, slots=True)
class Subject:
    """To whom a token is issued.

    Attributes:
        tenant_id: the tenant.
        app_id: the application.
        object_id: its service principal.
        roles: its application permissions of Graph.
        name: its name.
        how: with what it proved who it is, the ``appidacr`` claim.
        resource_id: of a managed identity, the Azure resource that it is.
    """

    tenant_id: str
    app_id: str
    object_id: str
    roles: tuple[str, ...]
    name: str
    how: str
    resource_id: str = ""


class Issuer:
    """Makes and checks tokens with one key, which lives as long as the process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key: RSAPrivateKey = generate_private_key(public_exponent=65537, key_size=2048)
        self._certificate = _self_signed(self._key, clock.utc())
        self._key_id = _text(hashlib.sha1(self._certificate).digest())  # noqa: S324 (a thumbprint)
        self._known: dict[str, Claims] = {}

    def issue(self, subject: Subject, audience: Audience = _GRAPH, *, lifetime_seconds: int = LIFETIME_SECONDS) -> str:
        """A token. Without permissions of Graph the claim ``roles`` is missing, as Entra ID does."""
        now = int(self._clock.now())
        old_issuer = f"https://sts.windows.net/{subject.tenant_id}/"
        issuer = version_2_issuer(subject.tenant_id) if audience.version_2 else old_issuer
        claims: dict[str, Any] = {
            "aud": audience.claim,
            "iss": issuer,
            "iat": now,
            "nbf": now,
            "exp": now + lifetime_seconds,
            "aio": secrets.token_urlsafe(24),
        }
        if audience.version_2:
            claims |= {"azp": subject.app_id, "azpacr": subject.how}
        else:
            claims |= {"app_displayname": subject.name, "appid": subject.app_id, "appidacr": subject.how}
        claims |= {
            "idp": issuer,
            "idtyp": "app",
            "oid": subject.object_id,
            "rh": secrets.token_urlsafe(24),
            "sub": subject.object_id,
            "tid": subject.tenant_id,
            "uti": _text(uuid.uuid4().bytes),
            "ver": "2.0" if audience.version_2 else "1.0",
        }
        if audience.graph and subject.roles:
            claims["roles"] = list(subject.roles)
        if subject.resource_id:
            claims["xms_mirid"] = subject.resource_id
        return self.sign(claims)

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A token with these claims."""
        header = {"typ": "JWT", "alg": "RS256", "x5t": self._key_id, "kid": self._key_id}
        signed = f"{_text(msgspec.json.encode(header))}.{_text(msgspec.json.encode(claims))}"
        return f"{signed}.{_text(self._key.sign(signed.encode(), PKCS1v15(), SHA256()))}"

    def check(self, token: str) -> Claims:
        """The claims of a token whose signature and times are right.

        Raises:
            TokenMalformed: no token, or not signed by this issuer.
            TokenExpired: outside its lifetime.
        """
        claims = self._known.get(token) or self._remember(token)
        if not claims.nbf - 300 <= self._clock.now() < claims.exp:
            raise TokenExpired
        return claims

    def key_set(self) -> dict[str, Any]:
        """The JSON Web Key Set that clients may check tokens with."""
        chain = [base64.b64encode(self._certificate).decode()]
        return key_set_of(self._key.public_key(), self._key_id, x5t=self._key_id, x5c=chain)

    def _remember(self, token: str) -> Claims:
        claims = self._verified(token)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[token] = claims
        return claims

    def _verified(self, token: str) -> Claims:
        try:
            signed, _, signature = token.rpartition(".")
            header, _, payload = signed.partition(".")
            if msgspec.json.decode(_bytes(header)).get("alg") != "RS256":
                raise TokenMalformed
            self._key.public_key().verify(_bytes(signature), signed.encode(), PKCS1v15(), SHA256())
            return msgspec.json.decode(_bytes(payload), type=Claims)
        except (ValueError, AttributeError, InvalidSignature, msgspec.MsgspecError):
            raise TokenMalformed from None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _self_signed(key: RSAPrivateKey, now: datetime) -> bytes:
    """The certificate that the key set shows for a key, DER."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "accounts.accesscontrol.windows.net")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    dated = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=5 * 365))
    return dated.sign(key, SHA256()).public_bytes(Encoding.DER)
