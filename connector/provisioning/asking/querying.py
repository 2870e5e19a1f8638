"""What may be asked for in the query and the headers of a request, and what is wrong there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from connector.provisioning.asking.problems import ErrorItem
from connector.provisioning.asking.requesting import PrincipalName, described, right_of
from connector.storage.records.operations import Status

KEY_HEADER = "Idempotency-Key"
_LONGEST_NAME = 40  # characters of a caller's that an answer repeats
_PLATFORMS = {"code", "clientid"}  # the platform reads its own, for keys, in any case

IdempotencyKey = Annotated[
    str,
    described(
        "A name of the caller's for this very request: sent again with the same key, it is done once.",
        "1 to 128 printable ASCII characters without blanks, such as a GUID",
        "0d6d1a0c-6c0e-4a5b-9d0c-2f6f2f1c7b11",
        pattern="^[!-~]{1,128}$",
        max_length=128,
    ),
]


class ListQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The query of ``GET /api/operations``; what is empty is not asked for."""

    status: Annotated[
        tuple[Status, ...],
        described(
            "Only operations that stand there.",
            "one or more of " + ", ".join(f"`{one.value}`" for one in Status) + ", with commas between them",
            ["failed", "refused"],
            min_length=1,
            max_length=len(Status),
        ),
    ] = ()
    principal: Annotated[PrincipalName, described("Only operations on this principal.", right_of(PrincipalName))] = ""
    after: Annotated[
        str,
        described(
            "The `next` of the page before.",
            "`next` of the page before, or the id of an operation",
            pattern="^[0-9A-Za-z-]{1,80}$",
            max_length=80,
        ),
    ] = ""
    limit: Annotated[
        int, described("Most operations of a page.", "a whole number from 1 to 500", 100, ge=1, le=500)
    ] = 100


_FIELDS = {field.name: field.type for field in msgspec.structs.fields(ListQuery)}


class MalformedQuery(ValueError):
    """Parameters or headers are not right. ``errors``: at least one."""

    def __init__(self, errors: list[ErrorItem]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(error.detail for error in errors))


def wrong_after() -> MalformedQuery:
    """What is said where ``after`` looks right and is the id of nothing."""
    return MalformedQuery([_wrong_parameter("after")])


def parse_query(params: Mapping[str, str]) -> ListQuery:
    """The query that ``params`` are.

    Raises:
        MalformedQuery: with everything that is wrong.
    """
    errors = [
        ErrorItem(parameter=name[:_LONGEST_NAME], detail=f"is unknown; there are {', '.join(_FIELDS)}")
        for name in params
        if name not in _FIELDS and name.lower() not in _PLATFORMS
    ]
    values: dict[str, Any] = {}
    for name in (name for name in _FIELDS if name in params):
        text: Any = params[name].split(",") if name == "status" else params[name]
        try:
            values[name] = _converted(text, _FIELDS[name])
        except msgspec.ValidationError:
            errors.append(_wrong_parameter(name))
    if errors:
        raise MalformedQuery(errors)
    return ListQuery(**values)


def parse_key(header: str | None) -> str:
    """The Idempotency-Key that a header gives; empty where there is none.

    Raises:
        MalformedQuery: it is no key.
    """
    if header is None:
        return ""
    try:
        return str(_converted(header, IdempotencyKey))
    except msgspec.ValidationError:
        raise MalformedQuery([ErrorItem(header=KEY_HEADER, detail=f"must be {right_of(IdempotencyKey)}")]) from None


def _wrong_parameter(name: str) -> ErrorItem:
    return ErrorItem(parameter=name, detail=f"must be {right_of(_FIELDS[name])}")


def _converted(text: Any, annotated: Any) -> Any:
    if isinstance(text, str) and text.endswith("\n"):  # before which Python sees the end that a pattern wants to see
        raise msgspec.ValidationError
    return msgspec.convert(text, annotated, strict=False)
