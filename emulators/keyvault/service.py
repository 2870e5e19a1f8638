"""The vault's endpoints: who calls is established first, then from where, then what they may do, then it is done."""

from __future__ import annotations

import re
import threading
import uuid
from collections import Counter
from dataclasses import dataclass

from emulators.graph.service.faults import Fault
from emulators.graph.service.messages import Reply
from emulators.keyvault import errors
from emulators.keyvault.access import Access, Caller, Network
from emulators.keyvault.errors import VaultError
from emulators.keyvault.operations import Call, Operation, find
from emulators.keyvault.shapes import Shapes
from emulators.keyvault.tokens import Tokens
from emulators.keyvault.vault import Vault

_VERSIONS = re.compile(r"2016-10-01|7\.[0-6](-preview(\.\d+)?)?|202\d-\d\d-\d\d(-preview)?")
_NEWEST_VERSION = "7.6"
_SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/rg-contoso"
_AUTHENTICATION = "Authentication"


@dataclass(frozen=True, slots=True)
class Request:
    """A request to the vault; ``root`` is ``https://host`` as the caller wrote it, ``address`` where it came from."""

    method: str
    path: str
    query: dict[str, str]
    authorization: str
    body: bytes
    root: str
    address: str


class Service:
    """Serves one vault.

    Args:
        vault: its state.
        access: who may do what.
        tokens: checks callers' tokens.
        challenge: the ``WWW-Authenticate`` header of answers to who has no token that counts.
    """

    def __init__(self, vault: Vault, access: Access, tokens: Tokens, challenge: str) -> None:
        self._vault = vault
        self._access = access
        self._tokens = tokens
        self._challenge = challenge
        self._lock = threading.Lock()
        self._counted: Counter[str] = Counter()
        self.network = Network.OPEN

    def counted(self) -> dict[str, int]:
        """How many requests there were of each operation, by the audit log's names; 401 are ``Authentication``."""
        with self._lock:
            return dict(self._counted)

    def forget_counts(self) -> None:
        """Count from zero again."""
        with self._lock:
            self._counted.clear()

    def serve(self, request: Request, fault: Fault | None) -> Reply:
        """The answer to a request, which a fault may decide on."""
        if fault is not None and fault.status is not None:
            if fault.after_effect:
                self._answer(request)
            return self._failed(fault, fault.status)
        return self._answer(request)

    def _failed(self, fault: Fault, status: int) -> Reply:
        headers = self._headers(status) | fault.headers
        if fault.retry_after is not None:
            headers["Retry-After"] = str(fault.retry_after)
        if fault.body is not None:
            return Reply(status, fault.body, headers)
        usual = errors.usual(status)
        return VaultError(status, fault.code or usual.code, usual.text, usual.inner).reply(headers)

    def _answer(self, request: Request) -> Reply:
        try:
            content = self._content(request)
        except VaultError as error:
            return error.reply(self._headers(error.status))
        return Reply(204 if content is None else 200, content, self._headers(200))

    def _content(self, request: Request) -> object:
        operation, arguments = self._operation(request)
        try:
            caller = self._tokens.caller(request.authorization)
        except VaultError:
            self._count(_AUTHENTICATION)
            raise
        self._count(operation.name)
        self._check_network(caller, request.address)
        name = arguments[0] if arguments else ""
        if not self._access.allows(caller.object_id, operation.action):
            raise errors.forbidden_by_role(str(caller), operation.action, self._resource(name), self._vault.described)
        _check_version(request.query)
        shapes = Shapes(self._vault, request.root)
        return operation.do(Call(self._vault, shapes, arguments, request.query, request.body))

    def _operation(self, request: Request) -> tuple[Operation, tuple[str, ...]]:
        found = find(request.method, tuple(one for one in request.path.split("/") if one))
        if found is None:
            raise VaultError(404, "NotFound", f"There is no {request.method} /{request.path} in this emulator.")
        return found

    def _check_network(self, caller: Caller, address: str) -> None:
        if self.network is Network.FIREWALL:
            raise errors.forbidden_by_firewall(address, str(caller), self._vault.described)
        if self.network is Network.PRIVATE:
            raise errors.forbidden_by_connection(str(caller), self._vault.described)

    def _resource(self, name: str) -> str:
        vault = f"{_SUBSCRIPTION}/providers/microsoft.keyvault/vaults/{self._vault.name}"
        return f"{vault}/secrets/{name}".lower() if name else vault

    def _headers(self, status: int) -> dict[str, str]:
        headers = {
            "Cache-Control": "no-cache",
            "Pragma": "no-cache",
            "x-ms-keyvault-region": self._vault.location,
            "x-ms-request-id": str(uuid.uuid4()),
            "x-ms-keyvault-service-version": "1.9.3019.1",
            "Strict-Transport-Security": "max-age=31536000;includeSubDomains",
        }
        return headers | ({"WWW-Authenticate": self._challenge} if status == 401 else {})

    def _count(self, name: str) -> None:
        with self._lock:
            self._counted[name] += 1


def _check_version(query: dict[str, str]) -> None:
    version = query.get("api-version", "")
    if not version:
        raise errors.bad_parameter("api-version must be specified")
    if not _VERSIONS.fullmatch(version):
        raise errors.bad_parameter(
            f"The specified version ({version}) is not recognized. Consider using the latest supported version "
            f"({_NEWEST_VERSION})."
        )
