"""How Key Vault writes secrets and certificates as JSON."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from emulators.keyvault.model import Secret, Version
from emulators.keyvault.vault import Vault


class Shapes:
    """JSON for one vault as seen at ``root``, such as ``https://contoso-kv.vault.azure.net``."""

    def __init__(self, vault: Vault, root: str) -> None:
        self._vault = vault
        self._root = root

    def bundle(self, secret: Secret, version: Version, *, value: bool = False) -> dict[str, Any]:
        """A version of a secret, with its value or without."""
        made: dict[str, Any] = {"value": version.value} if value else {}
        made |= {"id": f"{self._root}/secrets/{secret.name}/{version.id}"}
        if version.certificate is not None:
            made["kid"] = f"{self._root}/keys/{secret.name}/{version.id}"
        return made | self._described(version)

    def item(self, secret: Secret, version: Version | None = None) -> dict[str, Any]:
        """A secret in a list, or one of its versions."""
        name = f"{self._root}/secrets/{secret.name}"
        return {"id": f"{name}/{version.id}" if version else name} | self._described(version or secret.newest)

    def deleted(self, secret: Secret, *, item: bool = False) -> dict[str, Any]:
        """A deleted secret; ``item``: in a list, where it has no version."""
        shape = self.item(secret) if item else self.bundle(secret, secret.newest)
        return shape | {
            "recoveryId": f"{self._root}/deletedsecrets/{secret.name}",
            "deletedDate": secret.deleted_at,
            "scheduledPurgeDate": secret.purged_at,
        }

    def certificate(self, secret: Secret, version: Version) -> dict[str, Any]:
        """A certificate, without its key."""
        raw = version.certificate or b""
        attributes = self._attributes(version)
        path = f"{secret.name}/{version.id}"
        return {
            "id": f"{self._root}/certificates/{path}",
            "kid": f"{self._root}/keys/{path}",
            "sid": f"{self._root}/secrets/{path}",
            "x5t": base64.urlsafe_b64encode(hashlib.sha1(raw).digest()).decode().rstrip("="),  # noqa: S324
            "cer": base64.b64encode(raw).decode(),
            "contentType": version.content_type,
            "attributes": attributes,
            "tags": dict(version.tags),
        }

    def page(self, path: str, items: Sequence[dict[str, Any]], query: dict[str, str], start: int) -> dict[str, Any]:
        """A page of a list, from ``start`` on, with the link to the next; ``query`` has been checked."""
        size = int(query.get("maxresults", 25))
        end = start + size
        more = {"api-version": query["api-version"], "$skiptoken": _token(end), "maxresults": str(size)}
        link = f"{self._root}/{path}?{urlencode(more, safe='$')}" if end < len(items) else None
        return {"value": items[start:end], "nextLink": link}

    def _described(self, version: Version) -> dict[str, Any]:
        made: dict[str, Any] = {} if version.content_type is None else {"contentType": version.content_type}
        made |= {"attributes": self._attributes(version), "tags": dict(version.tags)}
        return made | ({"managed": True} if version.certificate is not None else {})

    def _attributes(self, version: Version) -> dict[str, Any]:
        times = {"nbf": version.starts_at, "exp": version.ends_at}
        return {
            "enabled": version.enabled,
            **{name: value for name, value in times.items() if value is not None},
            "created": version.created,
            "updated": version.updated,
            "recoveryLevel": self._vault.recovery_level,
            "recoverableDays": self._vault.retention_days,
        }


def start_of(token: str) -> int:
    """Where the page begins that a link's ``$skiptoken`` asks for.

    Raises:
        ValueError: it is none of ours.
    """
    return int(base64.urlsafe_b64decode(token).decode())


def _token(start: int) -> str:
    return base64.urlsafe_b64encode(str(start).encode()).decode()
