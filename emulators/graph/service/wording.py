"""Refusals as Graph has been seen to give them at other times: other words, codes or statuses for the same thing."""

from __future__ import annotations

from emulators.graph.service.errors import GraphError, premium_license_required
from emulators.graph.service.writes.refusals import CONFLICT, EXCHANGE_MASTERED, ON_PREMISES_MASTERED

_ELSEWHERE_MASTERED = (
    "Unable to update the specified properties for objects that have originated within an external service."
)


def older(error: GraphError) -> GraphError:
    """``error`` as captures of 2016 to 2021 show it, or as it is where none shows another."""
    if error.message in (ON_PREMISES_MASTERED, EXCHANGE_MASTERED):
        return _like(error, message=_ELSEWHERE_MASTERED)
    if error.message == CONFLICT:
        return _like(error, status=409, code="Request_MultipleObjectsWithSameKeyValue")
    if error.message == premium_license_required().message:
        return _like(error, message="The tenant needs an AAD Premium 2 license.")
    return error


def _like(error: GraphError, *, status: int | None = None, code: str | None = None, message: str = "") -> GraphError:
    return GraphError(
        status or error.status,
        code or error.code,
        message or error.message,
        headers=error.headers,
        inner=error.inner,
        details=error.details,
    )
