"""Ids of bundles and operations: they sort by the time at which they were asked for, and tell where their blobs lie.

20261123T073849123456Z-1a2b3c4d-0001        a bundle: time with microseconds, what keeps requests apart, its number in the request
20261123T073849123456Z-1a2b3c4d-0001-001    an operation: its number in the bundle
"""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

_BUNDLE = re.compile(r"[0-9]{8}T[0-9]{12}Z-[0-9a-f]{8}-[0-9]{4}")
_OPERATION = re.compile(rf"(?P<bundle>{_BUNDLE.pattern})-[0-9]{{3}}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def new_request_id(now: datetime) -> str:
    """What the ids of all bundles of a request begin with."""
    return request_id(now, secrets.token_hex(4))


def request_id(at: datetime, apart: str) -> str:
    """The same for a time and eight hexadecimal digits of the caller's."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}-{apart}"


def bundle_id(request: str, number: int) -> str:
    """The id of a request's bundle, counted from 1."""
    return f"{request}-{number:04d}"


def operation_id(bundle: str, number: int) -> str:
    """The id of a bundle's operation, counted from 1."""
    return f"{bundle}-{number:03d}"


def is_operation_id(text: str) -> bool:
    """Whether ``text`` has the form of an operation's id; what comes from outside must, before it becomes part of a blob name."""
    return text.isascii() and _OPERATION.fullmatch(text) is not None


def bundle_of(text: str) -> str:
    """The bundle of an operation; of a bundle, itself.

    Raises:
        ValueError: it is the id of neither.
    """
    found = _OPERATION.fullmatch(text)
    if found:
        return found["bundle"]
    if _BUNDLE.fullmatch(text):
        return text
    raise ValueError("neither a bundle nor an operation")


def day_of(bundle: str) -> str:
    """The day of a bundle, such as ``2026-11-23``, in UTC."""
    return f"{bundle[:4]}-{bundle[4:6]}-{bundle[6:8]}"


def is_day(text: str) -> bool:
    """Whether ``text`` is written like a day, and not the name of another folder."""
    return _DAY.fullmatch(text) is not None
