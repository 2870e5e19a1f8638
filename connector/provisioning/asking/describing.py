"""The operations API, described: OpenAPI 3.1, made from the types that read the requests and make the answers."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec

from connector.provisioning.asking.callers import READ, WRITE
from connector.provisioning.asking.problems import MEDIA_TYPE, ProblemDocument, ProblemType
from connector.provisioning.asking.querying import KEY_HEADER, IdempotencyKey, ListQuery
from connector.provisioning.asking.requesting import RequestBody
from connector.provisioning.asking.showing import DeadLetterShown, OperationPage, OperationShown, OperationsShown

VERSION = "1"
"""Of the API; another one where programs that were written for this one would no longer work."""

_TYPES = (RequestBody, ListQuery, OperationShown, OperationsShown, OperationPage, DeadLetterShown, ProblemDocument)
_TEMPLATE = "#/components/schemas/{name}"
_Json = dict[str, Any]
_ALWAYS = (ProblemType.SETTINGS_WRONG, ProblemType.STORAGE_UNAVAILABLE)
_HOUR = (ProblemType.HOUR_USED_UP, ProblemType.MORE_THAN_AN_HOUR_HAS)
_ONE = (ProblemType.NO_SUCH_OPERATION, *_ALWAYS)
_RETRY_AFTER = {"description": "Seconds after which to ask again.", "schema": {"type": "integer", "minimum": 1}}
_HEADERS: dict[HTTPStatus, _Json] = {
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": {**_RETRY_AFTER, "required": True}},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": {**_RETRY_AFTER, "required": True}},
}
_LOCATION = {"description": "Where to look.", "required": True, "schema": {"type": "string", "format": "uri"}}


def describe(*, authenticated: bool) -> _Json:
    """The description as a document.

    Args:
        authenticated: whether callers sign in (App Service authentication), instead of having a function key.
    """
    schemas, components = msgspec.json.schema_components(_TYPES, ref_template=_TEMPLATE)
    body, _, shown, many, page, letter, problem = schemas
    components.pop(ListQuery.__name__)  # its fields are parameters
    made = _Made(_guards(authenticated), problem)
    described = {
        "openapi": "3.1.0",
        "info": {
            "title": "Operations of the Entra connector",
            "version": VERSION,
            "description": "Grants and revokes of groups and directory roles: asked for, guarded, done, verified, recorded.",
        },
        "servers": [{"url": "/"}],
        "security": [{name: []} for name in _schemes(authenticated)],
        "paths": {
            "/api/operations": {
                "post": made.operation(
                    "requestOperations",
                    f"Ask for one grant or revoke, or for a list of them. {_role(WRITE)}",
                    made.answer("202", "Accepted; nothing is done yet.", {"anyOf": [shown, many]}, location=True),
                    _ASKING,
                    parameters=[_header(KEY_HEADER, IdempotencyKey)],
                    requestBody={"required": True, "content": {"application/json": {"schema": body}}},
                ),
                "get": made.operation(
                    "listOperations",
                    f"Operations, newest first, page by page. {_role(READ)}",
                    made.answer("200", "A page.", page),
                    (ProblemType.MALFORMED_REQUEST, *_ALWAYS),
                    parameters=list(_queries()),
                ),
            },
            "/api/operations/{id}": {
                "get": made.operation(
                    "readOperation",
                    f"One operation with its whole history. {_role(READ)}",
                    made.answer("200", "The operation.", shown),
                    _ONE,
                    parameters=[_ID],
                )
            },
            "/api/operations/{id}/cancel": {
                "post": made.operation(
                    "cancelOperation",
                    f"Cancel an operation that nothing has been done about. {_role(WRITE)}",
                    made.answer("200", "It is cancelled.", shown),
                    (ProblemType.TOO_LATE, ProblemType.END_IS_KEPT, *_ONE),
                    parameters=[_ID],
                )
            },
            "/api/operations/{id}/retry": {
                "post": made.operation(
                    "retryOperation",
                    "Try an operation again that has failed, or was refused, cancelled or dead-lettered, or a message that was put "
                    f"aside. {_role(WRITE)}",
                    made.answer("202", "It is open again.", {"anyOf": [shown, letter]}),
                    (ProblemType.NOT_REVIVABLE, ProblemType.PROVISIONING_DISABLED, *_HOUR, *_ONE),
                    parameters=[_ID],
                )
            },
            "/api/openapi.json": {
                "get": made.operation(
                    "describe",
                    f"This description. {_role(READ)}",
                    made.answer("200", "OpenAPI 3.1.", {"type": "object"}),
                    (ProblemType.SETTINGS_WRONG,),
                )
            },
        },
        "components": {"schemas": components, "securitySchemes": _schemes(authenticated)},
    }
    return msgspec.json.decode(
        msgspec.json.encode(described), type=_Json
    )  # what defaults are in Python is none of JSON's


_ASKING = (
    ProblemType.MALFORMED_REQUEST,
    ProblemType.PROVISIONING_DISABLED,
    ProblemType.KEY_REUSED,
    ProblemType.TOO_LONG,
    ProblemType.NOT_JSON,
    *_HOUR,
    *_ALWAYS,
)
_ID: _Json = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "Id of the operation.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
}


class _Made:
    """Makes the parts that every operation has. ``guards``: the problems of callers; ``problem``: the schema of all problems."""

    def __init__(self, guards: Iterable[ProblemType], problem: _Json) -> None:
        self._guards = tuple(guards)
        self._problem = problem

    def operation(self, name: str, summary: str, answer: _Json, problems: Iterable[ProblemType], **more: Any) -> _Json:
        """One operation of the API: its answer, and every problem that it may answer with."""
        without_key = (
            {} if self._guards else {"401": {"description": "No key, or a wrong one; the platform says no more."}}
        )
        responses = answer | without_key | self._refusals(problems)
        return {"operationId": name, "summary": summary, **more, "responses": responses}

    def answer(self, status: str, meaning: str, schema: _Json, *, location: bool = False) -> _Json:
        """What it answers where all is well."""
        content: _Json = {"description": meaning, "content": {"application/json": {"schema": schema}}}
        return {status: content | ({"headers": {"Location": _LOCATION}} if location else {})}

    def _refusals(self, problems: Iterable[ProblemType]) -> _Json:
        by_status: dict[HTTPStatus, list[ProblemType]] = {}
        for one in sorted({*self._guards, *problems}, key=lambda one: (one.status, one.name)):
            by_status.setdefault(one.status, []).append(one)
        return {
            str(status.value): {
                "description": " ".join(f"`{one.uri}`: {one.title}" for one in kinds),
                "content": {MEDIA_TYPE: {"schema": self._problem}},
                **({"headers": _HEADERS[status]} if status in _HEADERS else {}),
            }
            for status, kinds in by_status.items()
        }


def _role(role: str) -> str:
    return f"Callers that sign in need the app role `{role}`."


def _guards(authenticated: bool) -> tuple[ProblemType, ...]:
    return (ProblemType.NOT_AUTHENTICATED, ProblemType.NOT_AUTHORIZED) if authenticated else ()


def _schemes(authenticated: bool) -> _Json:
    if authenticated:
        return {"entra": {"type": "http", "scheme": "bearer", "description": "An access token for this app."}}
    return {"functionKey": {"type": "apiKey", "in": "header", "name": "x-functions-key"}}


def _header(name: str, annotated: Any) -> _Json:
    schema = msgspec.json.schema(annotated)
    return {"name": name, "in": "header", "required": False, "description": schema.pop("description"), "schema": schema}


def _queries() -> Iterable[_Json]:
    """The fields of the query, each a parameter."""
    for field in msgspec.structs.fields(ListQuery):
        ((schema,), _) = msgspec.json.schema_components([field.type], ref_template=_TEMPLATE)
        parameter = {"name": field.name, "in": "query", "required": False, "description": schema.pop("description")}
        if schema["type"] == "array":
            parameter |= {"style": "form", "explode": False}
        yield parameter | {"schema": schema | ({"default": field.default} if field.default else {})}
