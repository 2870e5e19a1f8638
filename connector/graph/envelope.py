"""Graph's error envelope, read without trusting its shape: services differ, and gateways answer in their own ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

_LONGEST_MESSAGE = 1000  # characters: enough for any message of Graph's, and no HTML page ends up in a log line


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """``code`` and ``message`` as the service gave them, and the ``request_id`` that support asks for."""

    code: str = ""
    message: str = ""
    request_id: str = ""


def parse_error(body: Any, headers: Mapping[str, str] | None = None) -> ErrorBody:
    """Read an error from ``body``: raw bytes, or JSON that is decoded already (an item of a batch).

    Accepts ``innerError`` and ``innererror``, messages that are strings or ``{"lang", "value"}`` objects, the reporting
    service's bare ``{"value": "..."}``, and anything else as no information. ``headers`` (any case) supply the request id
    where the body does not. Never raises.
    """
    if isinstance(body, bytes | bytearray | memoryview):
        body = _json(bytes(body))
    request_id = request_id_of(headers or {})
    if not isinstance(body, dict):
        return ErrorBody(request_id=request_id)
    error = body.get("error", body)
    if isinstance(error, str):  # OAuth's shape: {"error": "...", "error_description": "..."}
        return ErrorBody(error, _text(body.get("error_description")), request_id)
    if not isinstance(error, dict):
        return ErrorBody(request_id=request_id)
    inner = error.get("innerError", error.get("innererror"))
    inner = inner if isinstance(inner, dict) else {}
    message = error.get("message", error.get("value"))
    return ErrorBody(_text(error.get("code")), _text(message), _text(inner.get("request-id")) or request_id)


def request_id_of(headers: Mapping[str, str]) -> str:
    """What Microsoft's support asks for, from the headers of an answer (names in any case); empty where they do not say."""
    return next((str(value) for name, value in headers.items() if str(name).lower() == "request-id"), "")


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _text(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("value", value.get("message"))
    return value[:_LONGEST_MESSAGE] if isinstance(value, str) else ""
