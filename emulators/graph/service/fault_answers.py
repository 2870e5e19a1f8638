"""What Graph answers when it fails: the usual code and message of each status."""

from __future__ import annotations

from emulators.graph.service.errors import GraphError, access_denied, invalid_token, not_found
from emulators.graph.service.faults import Fault
from emulators.graph.service.messages import Request
from emulators.graph.service.throttle import too_many_requests

_USUAL = {
    409: ("Directory_ConcurrencyViolation", "A concurrency violation occurred. Please retry the request."),
    500: ("InternalServerError", "An internal server error occurred. The operation will be retried."),
    502: ("BadGateway", "Bad gateway."),
    503: ("serviceNotAvailable", "The service is temporarily unavailable. Please retry after a while."),
    504: ("gatewayTimeout", "The server did not receive a timely response from an upstream server."),
}


def failure(fault: Fault, status: int, request: Request) -> GraphError:
    """The error with which a fault answers a call."""
    headers = dict(fault.headers)
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    error = _usual(status, request)
    error.headers = error.headers | headers
    if fault.code:
        error.code = fault.code
    return error


def dropped() -> GraphError:
    """What stands in a batch for a request whose connection broke inside Graph."""
    return GraphError(504, *_USUAL[504])


def _usual(status: int, request: Request) -> GraphError:
    if status == 401:
        return invalid_token("Lifetime validation failed, the token is expired.")
    if status == 403:
        return access_denied()
    if status == 404:
        return not_found(request.segments[-1])
    if status == 429:
        return too_many_requests({})
    code, message = _USUAL.get(status, ("UnknownError", "The emulator was asked to fail this call."))
    return GraphError(status, code, message)
