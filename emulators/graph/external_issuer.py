"""Another identity provider, whose tokens applications exchange for Entra's: keys, and tokens signed with them."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from emulators.graph.service.assertions import key_set_of


class ExternalIssuer:
    """An identity provider such as a Kubernetes cluster or a pipeline.

    Make it known with ``tenant.set_issuer_keys(issuer.url, issuer.key_set())`` and trust it with
    ``tenant.add_federated_credential(issuer.url, subject)``.
    """

    def __init__(self, url: str = "https://oidc.example.com/cluster") -> None:
        self.url = url
        self._key = generate_private_key(public_exponent=65537, key_size=2048)
        self._key_id = hashlib.sha256(url.encode()).hexdigest()[:16]

    def key_set(self) -> dict[str, Any]:
        """Its JSON Web Key Set."""
        return key_set_of(self._key.public_key(), self._key_id, alg="RS256")

    def token(
        self, subject: str, *, audience: str = "api://AzureADTokenExchange", lifetime_seconds: float = 600
    ) -> str:
        """A token for ``subject``; one that has expired where the lifetime is negative."""
        now = int(time.time())
        header = {"alg": "RS256", "typ": "JWT", "kid": self._key_id}
        claims = {
            "iss": self.url,
            "sub": subject,
            "aud": audience,
            "iat": now + int(min(lifetime_seconds, 0)) - 1,
            "nbf": now + int(min(lifetime_seconds, 0)) - 1,
            "exp": now + int(lifetime_seconds),
        }
        signed = f"{_encoded(header)}.{_encoded(claims)}"
        return f"{signed}.{_text(self._key.sign(signed.encode(), PKCS1v15(), SHA256()))}"


def _encoded(content: dict[str, Any]) -> str:
    return _text(msgspec.json.encode(content))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
