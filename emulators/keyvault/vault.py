"""The state of a vault, and what can be done to it: by its endpoints, and by tests directly."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from emulators.graph.service.clock import Clock
from emulators.keyvault import errors
from emulators.keyvault.certificates import imported
from emulators.keyvault.model import Secret, Version

_NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")
_LONGEST_VALUE = 25 * 1024  # bytes: Key Vault's limit
_DAY = 24 * 60 * 60


class Attributes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a caller may say of a version, as Key Vault spells it; UNSET leaves it as it is."""

    enabled: bool | msgspec.UnsetType = msgspec.UNSET
    nbf: int | msgspec.UnsetType | None = msgspec.UNSET
    exp: int | msgspec.UnsetType | None = msgspec.UNSET


class Vault:
    """Secrets by name, whatever the case of its letters. Methods may be called from any thread.

    Args:
        clock: the time.
        purge_protection: whether what is deleted stays recoverable until its time is over.
        retention_days: how long that is: 7 to 90.
        name: the vault's name.
        location: its region.

    Methods raise :class:`emulators.keyvault.errors.VaultError` with what the service answers.
    """

    def __init__(
        self, clock: Clock, *, purge_protection: bool, retention_days: int, name: str, location: str = "westeurope"
    ) -> None:
        self.name = name
        self.location = location
        self.purge_protection = purge_protection
        self.retention_days = retention_days
        self._clock = clock
        self._lock = threading.RLock()
        self._secrets: dict[str, Secret] = {}

    @property
    def described(self) -> str:
        """Name and location, as refusals give them."""
        return f"{self.name};location={self.location}"

    @property
    def recovery_level(self) -> str:
        """What happens to what is deleted, in Key Vault's words."""
        custom = "Customized" if self.retention_days < 90 else ""
        return f"{custom}Recoverable" + ("" if self.purge_protection else "+Purgeable")

    def set_secret(
        self,
        name: str,
        value: str,
        *,
        content_type: str | None = None,
        attributes: Attributes | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Version:
        """Set a secret: a new version, the newest."""
        if len(value.encode()) > _LONGEST_VALUE:
            raise errors.bad_parameter("Secret length exceeds the maximum allowed length of 25600 characters.")
        with self._lock:
            found = self._secrets.get(_key(name))
            if found is not None and found.managed:
                raise errors.managed("set")
            made = _changed(self._new(value), content_type, attributes or Attributes(), tags)
            return self._add(name, made)

    def import_certificate(
        self, name: str, content: str, *, password: str | None = None, tags: Mapping[str, str] | None = None
    ) -> Version:
        """Import a certificate with its key, PEM or PKCS#12 in base64: a secret of the same name holds both."""
        read = imported(content, password)
        made = replace(
            self._new(read.value),
            content_type=read.content_type,
            certificate=read.certificate,
            starts_at=read.starts_at,
            ends_at=read.ends_at,
            tags=dict(tags or {}),
        )
        with self._lock:
            return self._add(name, made)

    def get(self, name: str, version: str = "") -> tuple[Secret, Version]:
        """A secret and one of its versions, the newest unless one is named. It may be disabled."""
        with self._lock:
            secret = self._live(name)
            if not version:
                return secret, secret.newest
            for one in secret.versions:
                if one.id == version.lower():
                    return secret, one
            raise errors.not_found(name, version)

    def update(
        self,
        name: str,
        version: str = "",
        *,
        content_type: str | None = None,
        attributes: Attributes | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Version:
        """Change what is said of a version; None leaves it."""
        with self._lock:
            secret, found = self.get(name, version)
            made = _changed(found, content_type, attributes or Attributes(), tags)
            made.updated = self._now()
            secret.versions[secret.versions.index(found)] = made
            return made

    def delete(self, name: str) -> Secret:
        """Delete a secret, so that it can be recovered for a while."""
        with self._lock:
            secret = self._live(name)
            secret.deleted_at = self._now()
            secret.purged_at = secret.deleted_at + self.retention_days * _DAY
            return secret

    def deleted(self, name: str) -> Secret:
        """A deleted secret."""
        with self._lock:
            self._forget()
            found = self._secrets.get(_key(name))
            if found is None or found.deleted_at is None:
                raise errors.deleted_not_found(name)
            return found

    def recover(self, name: str) -> Secret:
        """Undo a deletion."""
        with self._lock:
            secret = self._secrets.get(_key(name))
            if secret is None or secret.deleted_at is None:
                raise errors.not_found(name)
            secret.deleted_at = secret.purged_at = None
            return secret

    def purge(self, name: str) -> None:
        """Let a deleted secret be gone."""
        with self._lock:
            found = self.deleted(name)
            if self.purge_protection:
                raise errors.purge_protected(self.described)
            del self._secrets[_key(found.name)]

    def all(self, *, deleted: bool = False) -> list[Secret]:
        """Every secret, or every deleted one, by name."""
        with self._lock:
            self._forget()
            found = (one for one in self._secrets.values() if (one.deleted_at is not None) == deleted)
            return sorted(found, key=lambda one: one.name.lower())

    def versions(self, name: str) -> list[Version]:
        """The versions of a secret by id, as Key Vault lists them; none where there is no such secret."""
        with self._lock:
            found = self._secrets.get(_key(name))
            live = found is not None and found.deleted_at is None
            return sorted(found.versions, key=lambda one: one.id) if found is not None and live else []

    def _add(self, name: str, version: Version) -> Version:
        self._forget()
        found = self._secrets.setdefault(_key(name), Secret(name, []))
        if found.deleted_at is not None:
            raise errors.name_taken(name)
        found.versions.append(version)
        return version

    def _new(self, value: str) -> Version:
        now = self._now()
        return Version(secrets.token_hex(16), value, now, now)

    def _live(self, name: str) -> Secret:
        found = self._secrets.get(_key(name))
        if found is None or found.deleted_at is not None:
            raise errors.not_found(name)
        return found

    def _forget(self) -> None:
        """Let be gone what was deleted long enough ago."""
        now = self._now()
        for key, one in list(self._secrets.items()):
            if one.purged_at is not None and one.purged_at <= now:
                del self._secrets[key]

    def _now(self) -> int:
        return int(self._clock.now())


def _key(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise errors.invalid_name(name)
    return name.lower()


def _changed(
    version: Version, content_type: str | None, attributes: Attributes, tags: Mapping[str, str] | None
) -> Version:
    times = {"enabled": attributes.enabled, "starts_at": attributes.nbf, "ends_at": attributes.exp}
    said: dict[str, Any] = {name: value for name, value in times.items() if value is not msgspec.UNSET}
    if content_type is not None:
        said["content_type"] = content_type
    if tags is not None:
        said["tags"] = dict(tags)
    return replace(version, **said)
