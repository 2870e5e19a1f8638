"""What can be asked of a vault over HTTP: the operations, their names in the audit log, and the actions they need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from emulators.keyvault import access, errors
from emulators.keyvault.shapes import Shapes, start_of
from emulators.keyvault.vault import Attributes, Vault

_MOST_RESULTS = 25
_T = TypeVar("_T")


class _Said(msgspec.Struct, frozen=True):
    """The body of an update."""

    contentType: str | None = None  # noqa: N815 (Key Vault's spelling)
    attributes: Attributes | None = None
    tags: dict[str, str] | None = None


class _Set(_Said, frozen=True, kw_only=True):
    """The body with which a secret is set."""

    value: str


class _Import(msgspec.Struct, frozen=True):
    value: str
    pwd: str | None = None
    tags: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request, whose caller is known; ``arguments`` are the parts of its path."""

    vault: Vault
    shapes: Shapes
    arguments: tuple[str, ...]
    query: dict[str, str]
    body: bytes

    @property
    def name(self) -> str:
        """The secret or certificate."""
        return self.arguments[0]

    @property
    def version(self) -> str:
        """Its version, or nothing."""
        return self.arguments[1] if len(self.arguments) > 1 else ""

    def said(self) -> dict[str, Any]:
        """The body of an update as arguments of the vault."""
        return _arguments(_parsed(self.body, _Said))


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation: its name in the audit log, the action that a role must have, and what does it."""

    name: str
    action: str
    do: Callable[[Call], dict[str, Any] | None]


def find(method: str, segments: tuple[str, ...]) -> tuple[Operation, tuple[str, ...]] | None:
    """The operation of a request and the arguments in its path; None where there is none."""
    collection, *rest = segments
    arguments = tuple(rest)
    last = arguments[-1] if len(arguments) > 1 else ""
    if last in ("versions", "recover", "import"):
        arguments = arguments[:-1]
    else:
        last = ""
    if len(arguments) > 2 or (last and len(arguments) != 1):
        return None
    found = _OPERATIONS.get((method, collection, last or ("one" if arguments else "all")))
    return (found, arguments) if found else None


def _get(call: Call) -> dict[str, Any]:
    secret, version = call.vault.get(call.name, call.version)
    if not version.enabled:
        raise errors.disabled()
    return call.shapes.bundle(secret, version, value=True)


def _set(call: Call) -> dict[str, Any]:
    body = _parsed(call.body, _Set)
    made = call.vault.set_secret(call.name, body.value, **_arguments(body))
    return call.shapes.bundle(call.vault.get(call.name)[0], made, value=True)


def _update(call: Call) -> dict[str, Any]:
    made = call.vault.update(call.name, call.version, **call.said())
    return call.shapes.bundle(call.vault.get(call.name)[0], made)


def _delete(call: Call) -> dict[str, Any]:
    if call.vault.get(call.name)[0].managed:
        raise errors.managed("delete")
    return call.shapes.deleted(call.vault.delete(call.name))


def _delete_certificate(call: Call) -> dict[str, Any]:
    _certificate(call)
    deleted = call.vault.delete(call.name)
    return call.shapes.certificate(deleted, deleted.newest) | {"deletedDate": deleted.deleted_at}


def _list(call: Call) -> dict[str, Any]:
    return _page(call, "secrets", [call.shapes.item(one) for one in call.vault.all()])


def _list_versions(call: Call) -> dict[str, Any]:
    versions = call.vault.versions(call.name)
    secret = call.vault.get(call.name)[0] if versions else None
    items = [call.shapes.item(secret, one) for one in versions] if secret else []
    return _page(call, f"secrets/{call.name}/versions", items)


def _list_deleted(call: Call) -> dict[str, Any]:
    items = [call.shapes.deleted(one, item=True) for one in call.vault.all(deleted=True)]
    return _page(call, "deletedsecrets", items)


def _get_deleted(call: Call) -> dict[str, Any]:
    return call.shapes.deleted(call.vault.deleted(call.name))


def _recover(call: Call) -> dict[str, Any]:
    recovered = call.vault.recover(call.name)
    return call.shapes.bundle(recovered, recovered.newest)


def _purge(call: Call) -> None:
    call.vault.purge(call.name)


def _import(call: Call) -> dict[str, Any]:
    body = _parsed(call.body, _Import)
    made = call.vault.import_certificate(call.name, body.value, password=body.pwd, tags=body.tags)
    return call.shapes.certificate(call.vault.get(call.name)[0], made)


def _certificate(call: Call) -> dict[str, Any]:
    try:
        secret, version = call.vault.get(call.name, call.version)
    except errors.VaultError as error:
        raise errors.not_found(call.name, call.version, kind="certificate") if error.status == 404 else error from None
    if version.certificate is None:
        raise errors.not_found(call.name, call.version, kind="certificate")
    return call.shapes.certificate(secret, version)


def _list_certificates(call: Call) -> dict[str, Any]:
    found = [call.shapes.certificate(one, one.newest) for one in call.vault.all() if one.managed]
    shown = ("x5t", "attributes", "tags")
    items = [{"id": one["id"].rpartition("/")[0]} | {name: one[name] for name in shown} for one in found]
    return _page(call, "certificates", items)


def _page(call: Call, path: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    size = call.query.get("maxresults", str(_MOST_RESULTS))
    if not (size.isascii() and size.isdigit() and 1 <= int(size) <= _MOST_RESULTS):
        raise errors.bad_parameter(f"Invalid maxresults value: {size}. It must be between 1 and {_MOST_RESULTS}.")
    try:
        start = start_of(call.query["$skiptoken"]) if "$skiptoken" in call.query else 0
    except ValueError:
        raise errors.bad_parameter("Invalid $skiptoken value.") from None
    return call.shapes.page(path, items, call.query, start)


def _parsed(body: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError:
        raise errors.bad_parameter("Request body not specified or not in the expected format.") from None


def _arguments(said: _Said) -> dict[str, Any]:
    return {"content_type": said.contentType, "attributes": said.attributes, "tags": said.tags}


_OPERATIONS: Mapping[tuple[str, str, str], Operation] = {
    ("GET", "secrets", "all"): Operation("SecretList", access.READ_METADATA, _list),
    ("GET", "secrets", "one"): Operation("SecretGet", access.GET_SECRET, _get),
    ("GET", "secrets", "versions"): Operation("SecretListVersions", access.READ_METADATA, _list_versions),
    ("PUT", "secrets", "one"): Operation("SecretSet", access.SET_SECRET, _set),
    ("PATCH", "secrets", "one"): Operation("SecretUpdate", access.UPDATE_SECRET, _update),
    ("DELETE", "secrets", "one"): Operation("SecretDelete", access.DELETE_SECRET, _delete),
    ("GET", "deletedsecrets", "all"): Operation("SecretListDeleted", access.READ_METADATA, _list_deleted),
    ("GET", "deletedsecrets", "one"): Operation("SecretGetDeleted", access.READ_METADATA, _get_deleted),
    ("POST", "deletedsecrets", "recover"): Operation("SecretRecover", access.RECOVER_SECRET, _recover),
    ("DELETE", "deletedsecrets", "one"): Operation("SecretPurge", access.PURGE_SECRET, _purge),
    ("GET", "certificates", "all"): Operation("CertificateList", access.READ_CERTIFICATE, _list_certificates),
    ("GET", "certificates", "one"): Operation("CertificateGet", access.READ_CERTIFICATE, _certificate),
    ("POST", "certificates", "import"): Operation("CertificateImport", access.IMPORT_CERTIFICATE, _import),
    ("DELETE", "certificates", "one"): Operation("CertificateDelete", access.DELETE_CERTIFICATE, _delete_certificate),
}
