"""Graph's answers to what the tenant refuses. Where no document has the text, it is one that was captured live."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from emulators.graph.service.errors import GraphError, access_denied, bad_request, not_found
from emulators.graph.tenant.errors import AlreadyExists, NotAllowed, NotFound, Reason, TenantError

CONFLICT = "A conflicting object with one or more of the specified property values is present in the directory."

ON_PREMISES_MASTERED = (
    "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently "
    "undergoing migration."
)
EXCHANGE_MASTERED = "Cannot Update a mail-enabled security groups and or distribution list."

_MESSAGES = {
    Reason.SYNCED_FROM_ON_PREMISES: ON_PREMISES_MASTERED,
    Reason.MANAGED_BY_EXCHANGE: EXCHANGE_MASTERED,
    Reason.LAST_OWNER: "The group must have at least one owner, hence this owner cannot be removed.",
}


@contextmanager
def refusals(already_exists: GraphError | None = None) -> Iterator[None]:
    """Turn what the tenant refuses into Graph's errors.

    Args:
        already_exists: the answer to :class:`AlreadyExists`; the directory's conflict where None.

    Raises:
        GraphError: for every :class:`TenantError`.
    """
    try:
        yield
    except TenantError as error:
        raise _refusal(error, already_exists) from None


def _refusal(error: TenantError, already_exists: GraphError | None) -> GraphError:
    if isinstance(error, NotFound):
        return not_found(error.object_id)
    if isinstance(error, AlreadyExists):
        return already_exists or conflict()
    if isinstance(error, NotAllowed):
        if error.reason is Reason.DYNAMIC_MEMBERSHIP:
            return access_denied()
        return bad_request(_MESSAGES.get(error.reason, str(error)))
    return bad_request(str(error))


def conflict() -> GraphError:
    """400 for an object that cannot be there twice."""
    return GraphError(
        400, "Request_BadRequest", CONFLICT, details=[{"code": "ConflictingObjects", "message": CONFLICT}]
    )


def reference_exists(name: str) -> GraphError:
    """400 for a relationship that is there already."""
    return bad_request(
        f"One or more added object references already exist for the following modified properties: '{name}'."
    )


def same_value(name: str) -> GraphError:
    """400 for a value that another object has and that must be unique."""
    message = f"Another object with the same value for property {name} already exists."
    detail = {"code": "ObjectConflict", "message": message, "target": name}
    return GraphError(400, "Request_BadRequest", message, details=[detail])
