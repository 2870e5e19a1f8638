"""Page and delta tokens: opaque to clients, checked when they come back, and without state on the server."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import zlib
from typing import Any

import msgspec

_SIGNATURE_BYTES = 12


class InvalidToken(Exception):
    """The token was not made by this service, or not for what it is used for."""


class TokenMaker:
    """Signs what a token holds. ``purpose`` binds a token to the query that it belongs to."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, purpose: str, content: Any) -> str:
        """A token that holds ``content`` (anything that JSON can hold)."""
        packed = zlib.compress(msgspec.json.encode(content))
        return base64.urlsafe_b64encode(self._signature(purpose, packed) + packed).decode().rstrip("=")

    def open(self, purpose: str, token: str) -> Any:
        """What :meth:`seal` put in.

        Raises:
            InvalidToken: when the token is malformed, changed or meant for another purpose.
        """
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            raise InvalidToken from None
        signature, packed = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(purpose, packed)):
            raise InvalidToken
        return msgspec.json.decode(zlib.decompress(packed))

    def _signature(self, purpose: str, packed: bytes) -> bytes:
        return hmac.digest(self._key, purpose.encode() + b"\0" + packed, hashlib.sha256)[:_SIGNATURE_BYTES]
