"""What applications sign in with, as Graph shows it: never a secret, never a key."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

_HINT = 3  # characters of a secret that stay visible


def moment(seconds: float | None) -> str | None:
    """A time of a credential; None where it is open."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def password_shown(key_id: str, content: str, starts: float | None, ends: float | None, name: str) -> dict[str, Any]:
    """A ``passwordCredential`` without its secret."""
    return {
        "customKeyIdentifier": None,
        "displayName": name or None,
        "endDateTime": moment(ends),
        "hint": content[:_HINT],
        "keyId": key_id,
        "secretText": None,
        "startDateTime": moment(starts),
    }


def _key_shown(key_id: str, content: str, starts: float | None, ends: float | None, name: str) -> dict[str, Any]:
    """A ``keyCredential``; the key itself is null, as it is in lists."""
    raw = load_pem_x509_certificate(content.encode()).public_bytes(Encoding.DER)
    thumbprint = hashlib.sha1(raw).digest()  # noqa: S324 (an identifier)
    return {
        "customKeyIdentifier": base64.b64encode(thumbprint).decode(),
        "displayName": name or None,
        "endDateTime": moment(ends),
        "key": None,
        "keyId": key_id,
        "startDateTime": moment(starts),
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
    }


def of_kind(kind: str) -> Callable[[sqlite3.Connection, Sequence[int]], Mapping[int, msgspec.Raw]]:
    """How to read the ``secret`` or ``certificate`` credentials of applications, by their keys."""
    show = password_shown if kind == "secret" else _key_shown

    def read(db: sqlite3.Connection, keys: Sequence[int]) -> Mapping[int, msgspec.Raw]:
        marks = ",".join("?" * len(keys))
        rows = db.execute(
            "SELECT o.key, c.id, c.content, c.starts_at, c.ends_at, c.name FROM objects o JOIN credentials c"
            f" ON c.app_id = json_extract(o.body, '$.appId') AND c.kind = ? WHERE o.key IN ({marks}) ORDER BY c.rowid",
            (kind, *keys),
        )
        shown: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for key, *rest in rows:
            shown[key].append(show(*rest))
        return {key: msgspec.Raw(msgspec.json.encode(some)) for key, some in shown.items()}

    return read


def federated_shown(key_id: str, content: str, name: str) -> dict[str, Any]:
    """A ``federatedIdentityCredential``."""
    trusted = msgspec.json.decode(content, type=dict[str, Any])
    return {
        "id": key_id,
        "name": name or key_id,
        "issuer": trusted["issuer"],
        "subject": trusted["subject"],
        "description": trusted.get("description"),
        "audiences": [trusted["audience"]],
    }
