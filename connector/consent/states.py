"""The ``state`` that goes to Microsoft Entra ID with an administrator and comes back: signed, short-lived, for one tenant and browser.

It keeps nothing anywhere, so that whoever begins costs nothing but a signature. RFC 6749, 10.12, and RFC 9700, 2.1, say what it is
for: that nobody finishes in one browser what was begun in another.

Its bytes: version (2), tenant (16), nonce (18), when it expires in seconds since 1970 (8), the browser's mark (32), and over
all of that HMAC-SHA256 (32). 108 bytes make 144 characters of Base64, which can be written in one way only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LIFETIME = timedelta(minutes=10)
"""Enough to sign in with a second factor, activate a role and read a long list of permissions; short enough that what stays behind in
a browser's history or a proxy's log is soon worth nothing, and that few used states need remembering."""

_DOMAIN = b"entra connector, admin consent, state, version 1"
"""Makes the key one that signs nothing else, whatever else the setting may come to be used for."""
_LAYOUT = struct.Struct(">H16s18sQ32s")
_VERSION = 1
_NONCE_BYTES = 18
_MAC_BYTES = 32
_LENGTH = (_LAYOUT.size + _MAC_BYTES) * 4 // 3


class StateRefused(Exception):
    """A state that does not count."""


class StateForged(StateRefused):
    """It was not signed here, or not for this use, or is damaged."""


class StateExpired(StateRefused):
    """It was signed here, longer ago than it counts."""


class StateOfAnotherTenant(StateRefused):
    """It was signed here, for another tenant."""


class StateOfAnotherBrowser(StateRefused):
    """It was signed here, and the browser that brings it is not the one that got it."""


@dataclass(frozen=True, slots=True)
class State:
    """A state that counts. ``nonce`` is in hex."""

    nonce: str
    expires_at: datetime


class States:
    """Signs states and reads them back.

    Args:
        key: the setting ``CONNECT_STATE_KEY``.
        tenant_id: a GUID: of the only tenant whose states count.
    """

    def __init__(self, key: str, tenant_id: str) -> None:
        self._key = hmac.digest(key.encode(), _DOMAIN, hashlib.sha256)
        self._tenant = uuid.UUID(tenant_id).bytes

    def sign(self, browser: str, now: datetime) -> str:
        """A new state for the browser that knows the secret ``browser``."""
        expires = int((now + LIFETIME).timestamp())
        nonce = secrets.token_bytes(_NONCE_BYTES)
        signed = _LAYOUT.pack(_VERSION, self._tenant, nonce, expires, _mark(browser))
        return base64.urlsafe_b64encode(signed + self._mac(signed)).decode()

    def read(self, text: str, browser: str, now: datetime) -> State:
        """What ``text`` says, brought by the browser that knows the secret ``browser`` (empty: none).

        Raises:
            StateRefused: the first of forged, of another tenant, expired, of another browser that holds. Nothing of a state is
                looked at before its signature.
        """
        signed = self._verified(text)
        version, tenant, nonce, expires, mark = _LAYOUT.unpack(signed)
        if version != _VERSION:
            raise StateForged
        if not hmac.compare_digest(tenant, self._tenant):
            raise StateOfAnotherTenant
        expires_at = datetime.fromtimestamp(expires, UTC)
        if now >= expires_at:
            raise StateExpired
        if not hmac.compare_digest(mark, _mark(browser)):
            raise StateOfAnotherBrowser
        return State(nonce.hex(), expires_at)

    def _verified(self, text: str) -> bytes:
        if len(text) != _LENGTH or not text.isascii():
            raise StateForged
        try:
            decoded = base64.b64decode(text, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise StateForged from None
        signed, mac = decoded[:-_MAC_BYTES], decoded[-_MAC_BYTES:]
        if len(signed) != _LAYOUT.size or not hmac.compare_digest(mac, self._mac(signed)):
            raise StateForged
        return signed

    def _mac(self, signed: bytes) -> bytes:
        return hmac.digest(self._key, signed, hashlib.sha256)


def _mark(browser: str) -> bytes:
    """What a state knows of its browser: a hash, so that who reads the state cannot pretend to be the browser."""
    return hashlib.sha256(browser.encode("utf-8", "surrogatepass")).digest()
