"""Who may do what with a vault: roles of Azure, the tokens' callers that have them, and the network."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from types import MappingProxyType

_VAULTS = "Microsoft.KeyVault/vaults"
GET_SECRET = f"{_VAULTS}/secrets/getSecret/action"
READ_METADATA = f"{_VAULTS}/secrets/readMetadata/action"
SET_SECRET = f"{_VAULTS}/secrets/setSecret/action"
UPDATE_SECRET = f"{_VAULTS}/secrets/update/action"
DELETE_SECRET = f"{_VAULTS}/secrets/delete"
RECOVER_SECRET = f"{_VAULTS}/secrets/recover/action"
PURGE_SECRET = f"{_VAULTS}/secrets/purge/action"
READ_CERTIFICATE = f"{_VAULTS}/certificates/read"
IMPORT_CERTIFICATE = f"{_VAULTS}/certificates/import/action"

DELETE_CERTIFICATE = f"{_VAULTS}/certificates/delete"


class Role(StrEnum):
    """Built-in roles for a vault's contents, as Azure names them."""

    ADMINISTRATOR = "Key Vault Administrator"
    SECRETS_OFFICER = "Key Vault Secrets Officer"
    SECRETS_USER = "Key Vault Secrets User"
    CERTIFICATES_OFFICER = "Key Vault Certificates Officer"
    CERTIFICATE_USER = "Key Vault Certificate User"
    READER = "Key Vault Reader"


_ACTIONS = MappingProxyType(
    {
        Role.ADMINISTRATOR: (f"{_VAULTS}/*",),
        Role.SECRETS_OFFICER: (f"{_VAULTS}/secrets/*",),
        Role.SECRETS_USER: (GET_SECRET, READ_METADATA),
        Role.CERTIFICATES_OFFICER: (f"{_VAULTS}/certificates/*",),
        Role.CERTIFICATE_USER: (READ_CERTIFICATE, GET_SECRET, READ_METADATA),
        Role.READER: (READ_CERTIFICATE, READ_METADATA),
    }
)
"""The data actions of each role, from Azure's list of built-in roles; ``*`` stands for anything."""


class Network(StrEnum):
    """From where the vault can be reached."""

    OPEN = "open"
    FIREWALL = "firewall"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as the token says."""

    app_id: str
    object_id: str
    issuer: str

    def __str__(self) -> str:
        """As refusals name the caller."""
        return f"appid={self.app_id};oid={self.object_id};iss={self.issuer}"


class Access:
    """The role assignments of a vault."""

    def __init__(self) -> None:
        self._roles: dict[str, set[Role]] = {}

    def grant(self, object_id: str, role: Role) -> None:
        """Give a role to a user or service principal, by object id."""
        self._roles.setdefault(object_id.lower(), set()).add(role)

    def revoke(self, object_id: str, role: Role | None = None) -> None:
        """Take one role back, or all where None."""
        if role is None:
            self._roles.pop(object_id.lower(), None)
        else:
            self._roles.get(object_id.lower(), set()).discard(role)

    def allows(self, object_id: str, action: str) -> bool:
        """Whether a role of theirs has the action."""
        held = self._roles.get(object_id.lower(), set())
        return any(fnmatchcase(action, pattern) for role in held for pattern in _ACTIONS[role])
