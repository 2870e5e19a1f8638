"""A line of the audit file: one event of an operation, as JSON, chained by hash to the line before it.

The hash of a line is SHA-256 over its bytes up to the hash itself: everything before ``,"hash":"…"``, and the closing brace. So nobody has
to know how JSON was written to check it. ``previous`` is part of those bytes.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from connector.storage.records.operations import EventKind, Operation, Requester

CONTINUED = "continued"
"""The kind of the last line of a file that is not added to any more. The file that it names goes on."""

_encoder = msgspec.json.Encoder(order="deterministic")
_HASHED = re.compile(rb'(?P<body>.*),"hash":"(?P<hash>[0-9a-f]{64})"\}', re.DOTALL)


class AuditLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line. What is empty is left out.

    Attributes:
        number: of the line, counted from 1 over all files.
        at: when it happened.
        previous: hash of the line before, be it in the file before; empty for the first of all.
        kind: :class:`~connector.storage.records.operations.EventKind`, or ``continued``.
        file: which one goes on, of ``continued``.
        operation: id of the operation; ``event``: the number of the event in its record, counted from 1.
        said: what happened, a sentence; ``facts``: the same for programs, such as Graph's request ids; ``worker``: which process did it.
        requester: who asked for it.
        action, entitlement, principal, scope, starts_at, expires_at, justification, ticket, dry_run: what was asked for. The last three are in
            the line of ``accepted`` only.
        by: the request or operation that it comes from; ``principal_id``: object id of the principal, once it was found.
        status, result, problem: where the operation stood when the line was written; of a problem, its code.
    """

    number: int
    at: datetime
    previous: str
    kind: str
    file: str = ""
    operation: str = ""
    event: int = 0
    said: str = ""
    worker: str = ""
    requester: Requester | None = None
    action: str = ""
    entitlement: str = ""
    principal: str = ""
    principal_id: str | None = None
    scope: str = ""
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    justification: str = ""
    ticket: str | None = None
    dry_run: bool = False
    by: str = ""
    status: str = ""
    result: str | None = None
    problem: str | None = None
    facts: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Written:
    """A line as it stands in a file: what it says, and the hash that it bears."""

    line: AuditLine
    hash: str
    genuine: bool
    """Whether its content is what its hash says."""


def line_of(operation: Operation, event: int, number: int, previous: str) -> AuditLine:
    """The line for an event of an operation.

    Args:
        event: which, counted from 1.
        number: of the line.
        previous: hash of the line before.
    """
    happened, wanted = operation.events[event - 1], operation.wanted
    asked = happened.kind is EventKind.ACCEPTED
    return AuditLine(
        number=number,
        at=happened.at,
        previous=previous,
        kind=happened.kind.value,
        operation=operation.id,
        event=event,
        said=happened.said,
        worker=happened.worker,
        requester=operation.requester,
        action=wanted.action.value,
        entitlement=wanted.entitlement,
        principal=wanted.principal,
        principal_id=operation.principal_id,
        scope=wanted.scope,
        starts_at=wanted.starts_at,
        expires_at=wanted.expires_at,
        justification=wanted.justification if asked else "",
        ticket=wanted.ticket if asked else None,
        dry_run=wanted.dry_run if asked else False,
        by=operation.by,
        status=operation.status.value,
        result=operation.result.value if operation.result else None,
        problem=operation.problem.code if operation.problem else None,
        facts=happened.facts,
    )


def content_of(line: AuditLine) -> bytes:
    """A digest of what a line tells, wherever it stands, without what an operation may say otherwise of itself later on."""
    told = msgspec.structs.replace(line, number=0, previous="", status="", result=None, problem=None, principal_id=None)
    return hashlib.sha256(_encoder.encode(told)).digest()


def encode_line(line: AuditLine) -> tuple[bytes, str]:
    """The bytes of a line, with the line break at its end, and its hash."""
    body = msgspec.json.encode(line)
    digest = hashlib.sha256(body).hexdigest()
    return body[:-1] + b',"hash":"' + digest.encode() + b'"}\n', digest


def decode_line(data: bytes) -> Written:
    """The line in ``data``, without its line break.

    Raises:
        ValueError: it is no line; the message says why.
    """
    found = _HASHED.fullmatch(data)
    if found is None:
        raise ValueError("it has no hash at its end")
    body = found["body"] + b"}"
    try:
        line = msgspec.json.decode(body, type=AuditLine)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None
    digest = found["hash"].decode()
    return Written(line, digest, hashlib.sha256(body).hexdigest() == digest)
