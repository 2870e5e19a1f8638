"""``$batch``: up to 20 requests in one, each served and charged by itself."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from emulators.graph.service.errors import GraphError, bad_request
from emulators.graph.service.messages import JSON_TYPE, Reply, Request, split_target

MOST_REQUESTS = 20


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


def serve_batch(request: Request, serve: Serve) -> Reply:
    """Serve every request of a batch with ``serve``, in order. The batch itself is 200, whatever its items say.

    Raises:
        GraphError: 400 for a batch that is malformed as a whole.
    """
    items = _parse(request.body)
    replies: dict[str, Reply] = {}
    for item in items:
        replies[item.id.lower()] = _serve_item(request, item, replies, serve)
    responses = [_response(item.id, replies[item.id.lower()]) for item in items]
    return Reply(200, {"responses": responses}, delay_seconds=max(one.delay_seconds for one in replies.values()))


def _parse(body: bytes) -> list[_Item]:
    try:
        items = msgspec.json.decode(body, type=_Batch).requests
    except msgspec.MsgspecError:
        raise bad_request("Invalid batch payload format.", "BadRequest") from None
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
        _check(item, known)
        known.add(item.id.lower())
    return items


def _check(item: _Item, before: set[str]) -> None:
    if "://" in item.url or not item.url:
        raise bad_request(f"The url of request '{item.id}' must be relative.", "BadRequest")
    if split_target(item.url)[0] == "$batch":
        raise bad_request("Nested batches are not supported.", "BadRequest")
    names = {name.lower() for name in item.headers}
    if item.body is not None and "content-type" not in names:
        message = f"Write request id : {item.id} does not contain Content-Type header or body."
        raise bad_request(message, "BadRequest")
    for name in item.depends_on:
        if name.lower() not in before:
            raise bad_request(f"Request '{item.id}' depends on '{name}', which does not come before it.", "BadRequest")


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
        return base64.urlsafe_b64decode(item.body + "=" * (-len(item.body) % 4))
    except (binascii.Error, ValueError):
        raise bad_request(f"The body of request '{item.id}' is neither an object nor base64.", "BadRequest") from None


_SHOWN = frozenset({"x-ms-resource-unit", "retry-after", "location"})


def _response(identifier: str, reply: Reply) -> dict[str, Any]:
    headers = {
        name: value
        for name, value in reply.headers.items()
        if name.lower() in _SHOWN or name.lower().startswith("x-ms-throttle-")
    }
    headers |= {"Cache-Control": "no-cache", "OData-Version": "4.0"}
    headers["Content-Type"] = reply.headers.get("Content-Type", JSON_TYPE)
    return {"id": identifier, "status": reply.status, "headers": headers, "body": reply.body}
