"""What the HTTP API says where it does not do what was asked: problem documents, as RFC 9457 has them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from http import HTTPStatus
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from connector.provisioning.asking.parsing import Wrong

MEDIA_TYPE = "application/problem+json"
_PREFIX = "urn:problem-type:entra-connector:"


class _Known(NamedTuple):
    """A type of problem: its status, and what it is, the same each time."""

    status: HTTPStatus
    title: str


class ProblemType(_Known, Enum):
    """Every type of problem that the API knows; its name, in lower case, ends ``type``."""

    MALFORMED_REQUEST = HTTPStatus.BAD_REQUEST, "The request is not right."
    NOT_AUTHENTICATED = HTTPStatus.UNAUTHORIZED, "It is not known who asks."
    NOT_AUTHORIZED = HTTPStatus.FORBIDDEN, "The caller may not do this."
    PROVISIONING_DISABLED = HTTPStatus.FORBIDDEN, "This deployment only reads."
    NO_SUCH_OPERATION = HTTPStatus.NOT_FOUND, "There is no such operation."
    KEY_REUSED = HTTPStatus.CONFLICT, "The Idempotency-Key was used for another request."
    TOO_LATE = HTTPStatus.CONFLICT, "The operation can no longer be cancelled."
    END_IS_KEPT = HTTPStatus.CONFLICT, "The end of what was granted for a time cannot be cancelled."
    NOT_REVIVABLE = HTTPStatus.CONFLICT, "There is nothing to try again."
    TOO_LONG = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too long."
    MORE_THAN_AN_HOUR_HAS = (
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The request has more operations than an hour may have.",
    )
    NOT_JSON = HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The request does not say that it is JSON."
    HOUR_USED_UP = HTTPStatus.TOO_MANY_REQUESTS, "The operations of this hour are used up."
    SETTINGS_WRONG = HTTPStatus.INTERNAL_SERVER_ERROR, "The settings of this deployment are not right."
    STORAGE_UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE, "Storage does not do what it should."

    @property
    def uri(self) -> str:
        """What ``type`` says."""
        return _PREFIX + self.name.lower()


class ErrorItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong with a request, where it is, and what would be right."""

    detail: Annotated[str, Meta(description="What would be right.")]
    pointer: Annotated[str, Meta(description="Where in the body, as RFC 6901 writes it.")] | None = None
    parameter: Annotated[str, Meta(description="Which parameter of the query.")] | None = None
    header: Annotated[str, Meta(description="Which header.")] | None = None


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why what was asked for is not done, and what to do about it (RFC 9457)."""

    type: Annotated[
        str,
        Meta(
            description="For programs: the kind of problem.",
            extra_json_schema={"enum": [one.uri for one in ProblemType], "format": "uri"},
        ),
    ]
    title: Annotated[str, Meta(description="The kind of problem, in words; the same each time.")]
    status: Annotated[int, Meta(description="The HTTP status.", ge=400, le=599)]
    detail: Annotated[str, Meta(description="What is in the way this time.")]
    remedy: Annotated[str, Meta(description="What to do about it.")] = ""
    errors: Annotated[tuple[ErrorItem, ...], Meta(description="Everything that is wrong with the request.")] = ()


def document(kind: ProblemType, detail: str, remedy: str = "", errors: Iterable[ErrorItem] = ()) -> ProblemDocument:
    """A problem of ``kind``."""
    return ProblemDocument(
        type=kind.uri,
        title=kind.title,
        status=kind.status.value,
        detail=detail,
        remedy=remedy,
        errors=tuple(errors),
    )


def malformed(kind: ProblemType, errors: Iterable[ErrorItem], *, more: bool = False) -> ProblemDocument:
    """A problem of a request with everything that is wrong with it; ``more``: and with more than that."""
    told = tuple(errors)
    count = f"{'More than ' if more else ''}{len(told)} thing{'' if len(told) == 1 and not more else 's'}"
    verb = "is" if len(told) == 1 and not more else "are"
    return document(kind, f"{count} {verb} not right; nothing was done.", "Put right what `errors` names.", told)


def of_body(wrong: Iterable[Wrong]) -> tuple[ErrorItem, ...]:
    """What is wrong with a body."""
    return tuple(ErrorItem(detail=one.detail, pointer=one.pointer) for one in wrong)
