"""The operations API: ask for grants and revokes, see what became of them, cancel them, try them again.

``GET /api/openapi.json`` describes it. What is wrong is told in problem documents (RFC 9457).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import azure.functions as func

from connector.functions.answers import answer_typed
from connector.functions.callers import AUTH_LEVEL, caller_of
from connector.functions.explaining import Told, explain
from connector.functions.settings import load_settings
from connector.logs import quiet_libraries
from connector.settings import Settings

if TYPE_CHECKING:
    from connector.provisioning.asking.callers import Requester
    from connector.provisioning.asking.parsing import Parsed

_log = logging.getLogger(__name__)
_LONGEST_ID = 64  # characters of a caller's that an answer repeats

Answering = Callable[[Settings, "Requester", func.HttpRequest], Awaitable[func.HttpResponse]]

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("request_operations")
@blueprint.route("operations", methods=["POST"], auth_level=AUTH_LEVEL)
async def request_operations(req: func.HttpRequest) -> func.HttpResponse:
    """Accept one operation, or a list: 202 with what they are and where to look, before any of it is done."""
    return await _answered(req, _accept, writes=True)


@blueprint.function_name("list_operations")
@blueprint.route("operations", methods=["GET"], auth_level=AUTH_LEVEL)
async def list_operations(req: func.HttpRequest) -> func.HttpResponse:
    """A page of operations, newest first."""
    return await _answered(req, _list, writes=False)


@blueprint.function_name("read_operation")
@blueprint.route("operations/{id}", methods=["GET"], auth_level=AUTH_LEVEL)
async def read_operation(req: func.HttpRequest) -> func.HttpResponse:
    """One operation with its whole history."""
    return await _answered(req, _read, writes=False)


@blueprint.function_name("cancel_operation")
@blueprint.route("operations/{id}/cancel", methods=["POST"], auth_level=AUTH_LEVEL)
async def cancel_operation(req: func.HttpRequest) -> func.HttpResponse:
    """Cancel an operation that nothing has been done about."""
    return await _answered(req, _cancel, writes=True)


@blueprint.function_name("retry_operation")
@blueprint.route("operations/{id}/retry", methods=["POST"], auth_level=AUTH_LEVEL)
async def retry_operation(req: func.HttpRequest) -> func.HttpResponse:
    """Try an operation again that has failed, or was refused, cancelled or dead-lettered."""
    return await _answered(req, _retry, writes=True)


async def _answered(req: func.HttpRequest, answering: Answering, *, writes: bool) -> func.HttpResponse:
    """The answer, or why there is none; what nobody expects is the host's to log and answer with 500."""
    quiet_libraries()
    try:
        settings = load_settings(_log)
        return await answering(settings, caller_of(req.headers, settings.tenant_id, writes=writes), req)
    except Exception as error:
        told = explain(error, _log)
        if told is None:
            raise
        return told


async def _accept(settings: Settings, requester: Requester, req: func.HttpRequest) -> func.HttpResponse:
    from connector.provisioning import service
    from connector.provisioning.asking.showing import OperationsShown, show

    if not settings.provisioning_enabled:  # whatever the request is
        raise service.ProvisioningDisabled
    key, parsed, ended = _asked(req)
    try:
        accepted = await service.accept(settings, service.Asked(parsed.wanted, requester, key, again=ended is not None))
    except service.NotAskedBefore as error:
        raise (ended or error) from None
    url = _url(req)
    shown = tuple(show(one, url) for one in accepted.operations)
    if parsed.many:
        return answer_typed(202, OperationsShown(operations=shown), location=url)
    return answer_typed(202, shown[0], location=shown[0].url)


def _asked(req: func.HttpRequest) -> tuple[str, Parsed, Told | None]:
    """The key and the operations of a request, and what is to be said unless it was accepted before: that ends have passed since.

    Raises:
        Told: with everything that is wrong.
    """
    from connector.provisioning.asking.parsing import Malformed, parse_request
    from connector.provisioning.asking.problems import ErrorItem, ProblemType, malformed, of_body
    from connector.provisioning.asking.querying import KEY_HEADER, MalformedQuery, parse_key

    if req.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
        wrong = ErrorItem(header="Content-Type", detail="must be application/json")
        raise Told(malformed(ProblemType.NOT_JSON, [wrong]))
    key = ""
    errors: tuple[ErrorItem, ...] = ()
    try:
        key = parse_key(req.headers.get(KEY_HEADER))
    except MalformedQuery as error:
        errors = error.errors
    try:
        parsed = parse_request(req.get_body(), datetime.now(UTC))
    except Malformed as error:
        kind = ProblemType.TOO_LONG if error.too_long else ProblemType.MALFORMED_REQUEST
        told = Told(malformed(kind, (*errors, *of_body(error.problems)), more=error.more))
        if not key or error.ended is None:
            raise told from None
        return key, error.ended, told
    if errors:
        raise MalformedQuery(list(errors))
    return key, parsed, None


async def _list(settings: Settings, _: Requester, req: func.HttpRequest) -> func.HttpResponse:
    from connector.provisioning import service
    from connector.provisioning.asking.querying import parse_query, wrong_after
    from connector.provisioning.asking.showing import OperationPage, summarize

    query = parse_query(req.params)
    try:
        page = await service.list_operations(
            settings, statuses=query.status, principal=query.principal, after=query.after, limit=query.limit
        )
    except ValueError:
        raise wrong_after() from None
    url = _url(req)
    return answer_typed(
        200, OperationPage(operations=tuple(summarize(one, url) for one in page.operations), next=page.next)
    )


async def _read(settings: Settings, _: Requester, req: func.HttpRequest) -> func.HttpResponse:
    from connector.provisioning import service
    from connector.provisioning.asking.showing import show

    operation = await service.read_operation(settings, _id(req))
    if operation is None:
        raise service.NoSuchOperation(_id(req)[:_LONGEST_ID])
    return answer_typed(200, show(operation, _url(req)))


async def _cancel(settings: Settings, requester: Requester, req: func.HttpRequest) -> func.HttpResponse:
    from connector.provisioning import service
    from connector.provisioning.asking.showing import show

    operation = await service.cancel(settings, _id(req), requester)
    return answer_typed(200, show(operation, _url(req)))


async def _retry(settings: Settings, requester: Requester, req: func.HttpRequest) -> func.HttpResponse:
    from connector.provisioning import service
    from connector.provisioning.asking.showing import show_again

    found = await service.retry(settings, _id(req), requester)
    return answer_typed(202, show_again(found, _url(req)))


def _id(req: func.HttpRequest) -> str:
    return str(req.route_params.get("id", ""))


def _url(req: func.HttpRequest) -> str:
    """The address of all operations, as the caller has reached it."""
    address = urlsplit(req.url)
    at = address.path.lower().rfind("/operations")
    before = address.path[:at] if at >= 0 else "/api"  # where it is written in some other way
    return f"{address.scheme}://{address.netloc}{before}/operations"
