"""``$batch``: up to 20 requests in one, each served and charged by itself."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import msgspec

from emulators.graph.service.errors import GraphError, bad_request
from emulators.graph.service.messages import JSON_TYPE, Reply, Request, split_target
from emulators.graph.service.variants import Variants

MOST_REQUESTS = 20
_NOT_JSON = (
    "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format."
)


class _Item(msgspec.Struct, rename={"depends_on": "dependsOn"}):
    id: str
    method: str
    url: str
    headers: dict[str, str] = {}
    body: Any = None
    depends_on: tuple[str, ...] = ()


class _Batch(msgspec.Struct):
    requests: list[_Item]


Serve = Callable[[Request], Reply]


def serve_batch(request: Request, serve: Serve, variants: Variants) -> Reply:
    """Serve every request of a batch with ``serve``, each after those it depends on. The batch itself is 200, whatever its items
    say.

    Raises:
        GraphError: 400 for a batch that is malformed as a whole.
    """
    items = _parse(request.body)
    replies: dict[str, Reply] = {}
    for item in _in_order(items):
        replies[item.id.lower()] = _serve_item(request, item, replies, serve)
    if any(reply.later is not None for reply in replies.values()):
        return Reply(later=_waiting(items, replies, variants))
    return _whole(items, replies, variants)


def _waiting(
    items: list[_Item], replies: Mapping[str, Reply], variants: Variants
) -> Callable[[], Coroutine[Any, Any, Reply]]:
    """The answer once every item has its own."""

    async def waited() -> Reply:
        known = {key: reply if reply.later is None else await reply.later() for key, reply in replies.items()}
        return _whole(items, known, variants)

    return waited


def _whole(items: list[_Item], replies: Mapping[str, Reply], variants: Variants) -> Reply:
    responses = [_response(item.id, replies[item.id.lower()], variants) for item in items]
    if variants.batch_reversed:
        responses.reverse()
    return Reply(200, {"responses": responses}, delay_seconds=max(one.delay_seconds for one in replies.values()))


def _parse(body: bytes) -> list[_Item]:
    try:
        items = msgspec.json.decode(body, type=_Batch).requests
    except msgspec.ValidationError:
        raise bad_request("Invalid batch payload format.", "BadRequest") from None
    except msgspec.DecodeError:
        raise bad_request(_NOT_JSON, "BadRequest") from None
    if not items:
        raise bad_request("Invalid batch payload format.", "BadRequest")
    if len(items) > MOST_REQUESTS:
        message = f"Number of batch request steps exceeds the maximum value of {MOST_REQUESTS}."
        raise GraphError(400, "MaximumValueExceeded", message)
    known: set[str] = set()
    for item in items:
        if item.id.lower() in known:
            raise bad_request(
                f"Request Id '{item.id}' is duplicated; request ids must be unique in a batch.", "BadRequest"
            )
        _check(item)
        known.add(item.id.lower())
    for item in items:
        for name in item.depends_on:
            if name.lower() not in known:
                raise bad_request(
                    f"Request '{item.id}' depends on '{name}', which is not part of the batch.", "BadRequest"
                )
    return items


def _in_order(items: list[_Item]) -> list[_Item]:
    """The requests, each after those it depends on and otherwise as they were sent.

    Raises:
        GraphError: 400 for requests that wait for each other.
    """
    ordered: dict[str, _Item] = {}
    waiting = list(items)
    while waiting:
        ready = [item for item in waiting if all(name.lower() in ordered for name in item.depends_on)]
        if not ready:
            raise bad_request(f"Request '{waiting[0].id}' depends on itself.", "BadRequest")
        ordered |= {item.id.lower(): item for item in ready}
        waiting = [item for item in waiting if item.id.lower() not in ordered]
    return list(ordered.values())


def _check(item: _Item) -> None:
    if not item.id or not item.method:
        raise bad_request("Invalid batch payload format.", "BadRequest")
    _body(item)
    if "://" in item.url or not item.url:
        raise bad_request(f"The url of request '{item.id}' must be relative.", "BadRequest")
    if split_target(item.url)[0] == "$batch":
        raise bad_request("Nested batches are not supported.", "BadRequest")
    names = {name.lower() for name in item.headers}
    if item.body is not None and "content-type" not in names:
        message = f"Write request id : {item.id} does not contain Content-Type header or body."
        raise bad_request(message, "BadRequest")


def _serve_item(request: Request, item: _Item, replies: Mapping[str, Reply], serve: Serve) -> Reply:
    if any(replies[name.lower()].status >= 400 for name in item.depends_on):
        error = {"code": "FailedDependency", "message": "Failed dependency."}
        return Reply(424, {"error": error}, {"Content-Type": "application/json"})
    path, options = split_target(item.url)
    headers = {name.lower(): value for name, value in item.headers.items()}
    headers.setdefault("client-request-id", request.headers.get("client-request-id", ""))
    return serve(
        Request(
            method=item.method.upper(),
            version=request.version,
            path=path,
            options=options,
            headers=headers,
            body=_body(item),
            root=request.root,
            caller=request.caller,
        )
    )


def _body(item: _Item) -> bytes:
    if item.body is None:
        return b""
    if not isinstance(item.body, str):
        return msgspec.json.encode(item.body)
    try:
        return base64.b64decode(item.body + "=" * (-len(item.body) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise bad_request(f"The body of request '{item.id}' is neither an object nor base64.", "BadRequest") from None


_SHOWN = frozenset({"x-ms-resource-unit", "retry-after", "location"})


def _response(identifier: str, reply: Reply, variants: Variants) -> dict[str, Any]:
    headers = {
        name: value
        for name, value in reply.headers.items()
        if name.lower() in _SHOWN or name.lower().startswith("x-ms-throttle-")
    }
    headers |= {"Cache-Control": "no-cache", "OData-Version": "4.0"}
    headers["Content-Type"] = reply.headers.get("Content-Type", JSON_TYPE)
    answer = {"id": identifier, "status": reply.status, "headers": headers}
    if reply.body is None:
        del headers["Content-Type"]
        return answer
    plain = "json" not in headers["Content-Type"]
    encoded = variants.batch_text_as_base64 and plain
    return answer | {"body": base64.b64encode(reply.content()).decode() if encoded else reply.body}
