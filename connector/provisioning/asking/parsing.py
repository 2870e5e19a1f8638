"""The JSON of a request into what is wanted: over HTTP, from the command line and from the queue alike.

:mod:`~connector.provisioning.asking.requesting` says what is right, this says everything that is wrong: a caller with a list of a
thousand should not find its problems one request at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import msgspec

from connector.provisioning.asking.accepting import MOST_OPERATIONS
from connector.provisioning.asking.requesting import OperationRequest, right_of
from connector.provisioning.asking.strict_json import JsonObject, NotJson, read_json
from connector.provisioning.entitlements import GUID
from connector.storage.records.operations import Action, Wanted

MOST_BYTES = 2 << 20
"""Longest body that is looked at: a thousand operations with a justification of a thousand letters each are half as long."""

MOST_PROBLEMS = 50
"""Most problems of one request that are told."""

_LONGEST_NAME = 40  # characters of a caller's that an answer repeats
_LATEST = datetime(3000, 1, 1, tzinfo=UTC)
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
_PASSED = "must be a time to come"
_GUID = re.compile(GUID)
_FIELDS = {known.name: known for known in msgspec.structs.fields(OperationRequest)}


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong. ``pointer``: where in the body, as RFC 6901 writes it; ``detail``: what would be right."""

    pointer: str
    detail: str


class Malformed(ValueError):
    """The body is no request.

    Attributes:
        too_long: it was not even read.
        problems: at least one, at most :data:`MOST_PROBLEMS`.
        more: there are more.
        ended: what it asked for, if nothing is wrong but that ends have passed: it was right once, and may have been accepted then.
    """

    def __init__(
        self,
        problems: Sequence[Wrong],
        *,
        too_long: bool = False,
        more: bool = False,
        ended: Parsed | None = None,
    ) -> None:
        self.problems = tuple(problems)
        self.too_long = too_long
        self.more = more
        self.ended = ended
        super().__init__("; ".join(f"{wrong.pointer or 'the body'}: {wrong.detail}" for wrong in self.problems))


@dataclass(frozen=True, slots=True)
class Parsed:
    """A request. ``many``: it was a list, even if of one."""

    wanted: tuple[Wanted, ...]
    many: bool


def parse_request(body: bytes, now: datetime) -> Parsed:
    """What ``body`` asks for: one operation, or a list of one to :data:`MOST_OPERATIONS`.

    Args:
        now: ends must lie behind it.

    Raises:
        Malformed: with everything that is wrong. Nothing of the body is repeated but the names of unknown fields.
    """
    document = _document(body)
    many = isinstance(document, list)
    asked = document if isinstance(document, list) else [document]
    if not 1 <= len(asked) <= MOST_OPERATIONS:
        raise Malformed([Wrong("", f"must be one operation, or a list of 1 to {MOST_OPERATIONS:,}")])
    wanted: list[Wanted] = []
    problems: list[Wrong] = []
    for index, one in enumerate(asked):
        found = _operation(one, f"/{index}" if many else "", now)
        if isinstance(found, Wanted):
            wanted.append(found)
        else:
            problems += found
        if len(problems) > MOST_PROBLEMS:
            break
    if problems:
        only_late = all(wrong.detail == _PASSED for wrong in problems)
        ended = parse_request(body, _LONG_AGO) if only_late else None
        raise Malformed(problems[:MOST_PROBLEMS], more=len(problems) > MOST_PROBLEMS, ended=ended)
    return Parsed(tuple(wanted), many)


def _document(body: bytes) -> Any:
    if len(body) > MOST_BYTES:
        raise Malformed([Wrong("", f"must have at most {MOST_BYTES:,} bytes")], too_long=True)
    try:
        return read_json(body)
    except NotJson as error:
        raise Malformed([Wrong("", str(error))]) from None


def _operation(one: Any, at: str, now: datetime) -> Wanted | list[Wrong]:
    """What one object asks for, or all that is wrong with it."""
    if not isinstance(one, JsonObject):
        return [Wrong(at, "must be an object that says what is wanted")]
    problems = list(islice(_strangers(one, at), MOST_PROBLEMS + 1))
    right: dict[str, Any] = {}
    for name in _FIELDS:
        try:
            right[name] = _field(name, one)
        except ValueError as error:
            problems.append(Wrong(f"{at}/{name}", str(error)))
    problems += [Wrong(f"{at}/{name}", detail) for name, detail in _contradictions(right, now)]
    return problems or _wanted(right)


def _strangers(one: JsonObject, at: str) -> Iterable[Wrong]:
    """Members that nobody knows, or that are there twice."""
    for name in one:
        if name not in _FIELDS:
            known = ", ".join(_FIELDS)
            short = name[:_LONGEST_NAME]
            yield Wrong(f"{at}/{short.replace('~', '~0').replace('/', '~1')}", f"is unknown; there are {known}")
    for name in one.twice:
        if name in _FIELDS:
            yield Wrong(f"{at}/{name}", "must be given once")


def _field(name: str, one: Mapping[str, Any]) -> Any:
    """The value of a field.

    Raises:
        ValueError: it is not right; the message says what would be.
    """
    field = _FIELDS[name]
    if name not in one:
        if field.default is msgspec.NODEFAULT:
            raise ValueError(f"is missing; it must be {right_of(field.type)}")
        return field.default
    try:
        value = msgspec.convert(one[name], field.type)
        return _in_utc(value) if isinstance(value, datetime) else _without_newline(name, value)
    except (msgspec.ValidationError, OverflowError):
        raise ValueError(f"must be {right_of(field.type)}") from None


def _in_utc(value: datetime) -> datetime:
    """The same moment in UTC; OverflowError where that is no time that is worked with."""
    if (moment := value.astimezone(UTC)) >= _LATEST:
        raise OverflowError
    return moment


def _without_newline(name: str, value: Any) -> Any:
    """``value``, unless it ends in a newline, before which Python sees the end that a pattern wants to see."""
    if name != "justification" and isinstance(value, str) and value.endswith("\n"):
        raise OverflowError
    return value


def _contradictions(right: Mapping[str, Any], now: datetime) -> Iterable[tuple[str, str]]:
    """What is wrong with fields that are each right, by field; of those that are not, nothing."""
    if right.get("entitlement", "").startswith("group:") and right.get("scope", "/") != "/":
        yield "scope", "must be `/`: groups have no other scope"
    end = right.get("expires_at")
    if end is None:
        return
    if right.get("action") is Action.REVOKE:
        yield "expires_at", "must be left out: only what is granted ends"
    elif end <= now:
        yield "expires_at", _PASSED
    elif (start := right.get("starts_at")) is not None and end <= start:
        yield "expires_at", "must be later than starts_at"


def _wanted(right: Mapping[str, Any]) -> Wanted:
    """What is wanted, ids in lower case: Entra ID writes and compares them so."""
    ids = {
        name: _GUID.sub(lambda found: found[0].lower(), right[name]) for name in ("entitlement", "principal", "scope")
    }
    return Wanted(**{**right, **ids})
