"""What the body of a write says: properties of a known type, and references to other objects."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from emulators.graph.service.errors import GraphError, bad_request
from emulators.graph.service.operations import Call
from emulators.graph.service.resources.types import TYPES

MOST_REFERENCES = 20
"""Relationships that one request may add (documented for members and owners)."""

_REFERENCE = re.compile(
    r"(?:https?://[^/]+/(?:v1\.0|beta)/)?"
    r"(?:directoryObjects|users|groups|servicePrincipals|devices|contacts|applications)"
    r"(?:/(?P<id>[^/()']+)|\('(?P<key>[^']+)'\))",
    re.IGNORECASE,
)
_BIND = "@odata.bind"
_PYTHON: Mapping[str, tuple[type, ...]] = {
    "bool": (bool,),
    "collection": (list,),
    "int": (int,),
    "object": (dict,),
    "string": (str,),
    "time": (str,),
}


def parse(call: Call) -> dict[str, Any]:
    """The body, which must be a JSON object.

    Raises:
        GraphError: 400 when it is none.
    """
    if not call.request.body:
        raise bad_request("Empty Payload. JSON content expected.", "BadRequest")
    try:
        return msgspec.json.decode(call.request.body, type=dict[str, Any])
    except msgspec.MsgspecError:
        message = (
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON "
            "format."
        )
        raise bad_request(message, "BadRequest") from None


def properties(body: Mapping[str, Any], type_name: str, read_only: Collection[str]) -> dict[str, Any]:
    """The properties of ``body``, without its references.

    Args:
        body: what :func:`parse` gave.
        type_name: the entity type, without ``microsoft.graph.``.
        read_only: names that only the directory sets.

    Raises:
        GraphError: 400 for properties that are unknown, read-only or of the wrong kind.
    """
    found = {name: value for name, value in body.items() if "@odata." not in name}
    entity = TYPES[type_name]
    for name, value in found.items():
        if name not in entity.kinds:
            message = (
                f"The property '{name}' does not exist on type 'microsoft.graph.{type_name}'. Make sure to only use "
                "property names that are defined by the type."
            )
            raise bad_request(message, "BadRequest")
        if name in read_only:
            raise bad_request(f"Property '{name}' is read-only and cannot be set.")
        if not _fits(value, entity.kinds[name]):
            raise invalid_value(name, type_name)
    return found


def require(body: Mapping[str, Any], *names: str) -> None:
    """Check that properties are there and not empty.

    Raises:
        GraphError: 400 that names the first that is missing.
    """
    for name in names:
        if body.get(name) in (None, ""):
            raise missing(name)


def reference(body: Mapping[str, Any]) -> str:
    """The id in the ``@odata.id`` of a body that adds one relationship.

    Raises:
        GraphError: 400 when there is none.
    """
    address = body.get("@odata.id")
    if not isinstance(address, str):
        raise bad_request("The '@odata.id' of the object to refer to is missing.", "BadRequest")
    return referred(address)


def references(body: Mapping[str, Any], name: str) -> list[str]:
    """The ids in ``{name}@odata.bind``; none where it is absent.

    Raises:
        GraphError: 400 for addresses that name no object.
    """
    addresses = body.get(name + _BIND, [])
    if not isinstance(addresses, list) or not all(isinstance(address, str) for address in addresses):
        raise bad_request(f"'{name}{_BIND}' must be a collection of addresses.", "BadRequest")
    return [referred(address) for address in addresses]


def referred(address: str) -> str:
    """The id in the address of an object, such as ``https://graph.microsoft.com/v1.0/users/{id}``.

    Raises:
        GraphError: 400 for an address of something else.
    """
    match = _REFERENCE.fullmatch(address.strip())
    if match is None:
        raise bad_request(f"Invalid object identifier '{address}'.")
    return str(match["id"] or match["key"])


def missing(name: str) -> GraphError:
    """400 for a property that has to be given."""
    return bad_request(f"Property {name} value is required but is empty or missing.")


def invalid_value(name: str, type_name: str) -> GraphError:
    """400 for a value that a property cannot have."""
    resource = type_name[:1].upper() + type_name[1:]
    return bad_request(f"Invalid value specified for property '{name}' of resource '{resource}'.")


def _fits(value: Any, kind: str) -> bool:
    if value is None:
        return True
    if kind != "bool" and isinstance(value, bool):
        return False
    return isinstance(value, _PYTHON[kind])
