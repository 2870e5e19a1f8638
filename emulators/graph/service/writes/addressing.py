"""Which application or service principal a write is about: by id or by another key, once the directory has heard of it."""

from __future__ import annotations

from dataclasses import replace

from emulators.graph.service.errors import GraphError, not_found
from emulators.graph.service.messages import Reply
from emulators.graph.service.operations import Call, Operation
from emulators.graph.service.resources.directory import key_of

CREATE_IF_MISSING = "create-if-missing"


def addressed(type_name: str, operation: Operation, missing: Operation | None = None) -> Operation:
    """``operation`` with the object id in place of whatever key its path names the object by.

    Args:
        type_name: ``application`` or ``servicePrincipal``.
        operation: what is done with it.
        missing: what is done where there is none, and ``Prefer: create-if-missing`` was sent.
    """

    def found(call: Call) -> Reply:
        try:
            known = replace(call, ids=(object_id(call, type_name), *call.ids[1:]))
        except GraphError as error:
            if error.status == 404 and missing is not None and wants_upsert(call):
                return missing(call)
            raise
        return operation(known)

    return found


def wants_upsert(call: Call) -> bool:
    """Whether what does not exist is to be created."""
    return CREATE_IF_MISSING in call.request.headers.get("prefer", "").lower()


def object_id(call: Call, type_name: str) -> str:
    """The object id for the first key of the path.

    Raises:
        GraphError: 404 where there is none, or it is too new; 400 for what cannot be a key.
    """
    key = key_of(call.context, type_name, call.ids[0])
    found = str(call.context.db.execute("SELECT id FROM objects WHERE key = ?", (key,)).fetchone()[0])
    check_known(call, found)
    return found


def check_known(call: Call, identifier: str) -> None:
    """Check that the directory has heard of an object, which takes a while where the variant says so.

    Raises:
        GraphError: 404 where it has not.
    """
    if call.context.newborn.unknown(identifier, call.context.variants.new_object_seconds):
        raise not_found(identifier)
