"""The admin address: what tests in other processes ask of the vault. Never for clients."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from emulators.graph.service.faults import Fault, Faults
from emulators.graph.service.messages import Reply
from emulators.keyvault.access import Access, Network, Role
from emulators.keyvault.errors import VaultError
from emulators.keyvault.vault import Vault

PREFIX = "emulator"
"""First segment of the admin address."""
_JSON = {"Content-Type": "application/json"}


class _Grant(msgspec.Struct):
    object_id: str
    role: Role = Role.SECRETS_USER


class _Network(msgspec.Struct):
    network: Network


class _Secret(msgspec.Struct):
    name: str
    value: str


class _Certificate(msgspec.Struct):
    name: str
    content: str
    password: str | None = None


class _Parts(Protocol):
    vault: Vault
    access: Access
    faults: Faults
    network: Network

    def counted(self) -> dict[str, int]: ...

    def forget_counts(self) -> None: ...


class Admin:
    """Serves the admin address."""

    def __init__(self, parts: _Parts) -> None:
        self._parts = parts

    def serve(self, method: str, path: str, body: bytes) -> Reply:
        """The answer to one request; ``path`` is what follows the prefix."""
        try:
            return Reply(200, self._serve(method, path, body), dict(_JSON))
        except VaultError as error:
            return error.reply()
        except LookupError:
            return Reply(404, {"error": f"There is no {method} /{path}."}, dict(_JSON))
        except (msgspec.MsgspecError, ValueError) as error:
            return Reply(400, {"error": f"{type(error).__name__}: {error}"}, dict(_JSON))

    def _serve(self, method: str, path: str, body: bytes) -> Any:
        parts = self._parts
        match method, path:
            case "GET", "metrics":
                return parts.counted()
            case "POST", "metrics/reset":
                parts.forget_counts()
            case "POST", "grants":
                grant = msgspec.json.decode(body, type=_Grant)
                parts.access.grant(grant.object_id, grant.role)
            case "DELETE", "grants":
                parts.access.revoke(msgspec.json.decode(body, type=_Grant).object_id)
            case "PUT", "network":
                parts.network = msgspec.json.decode(body, type=_Network).network
            case "POST", "secrets":
                secret = msgspec.json.decode(body, type=_Secret)
                parts.vault.set_secret(secret.name, secret.value)
            case "POST", "certificates":
                one = msgspec.json.decode(body, type=_Certificate)
                parts.vault.import_certificate(one.name, one.content, password=one.password)
            case "POST", "faults":
                parts.faults.add(msgspec.json.decode(body, type=Fault))
            case "DELETE", "faults":
                parts.faults.clear()
            case _:
                raise LookupError
        return {}
