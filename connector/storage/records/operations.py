"""Operations: a grant or revoke that was asked for, and its whole life; the lines in which they wait; what makes asking repeatable.

An **operation** is one grant or revoke. Those of one request on one entitlement lie together in a **bundle**, one blob, so that a
thousand memberships of one group cost a few writes, not thousands. The **line** of an entitlement names the bundles that have
anything open, in the order in which they were accepted; whoever holds its lease works on them.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from connector.storage.records.base import Record


class Action(StrEnum):
    """What is asked for."""

    GRANT = "grant"
    REVOKE = "revoke"


class Status(StrEnum):
    """Where an operation stands.

    Open: ``accepted``: nobody has begun; ``scheduled``: it begins at ``not_before``; ``running``: somebody is at work, or was when the
    process died; ``waiting``: it goes on at ``not_before``, because Graph throttles, fails for a moment, or has not shown or carried
    it out yet. Ended: ``succeeded``: the effect has been seen (or, of a dry run, would be had); ``refused``: a guard or a policy said no and
    nothing was done; ``failed``: Graph said no, or the effect never showed; ``cancelled``: before anything was done; ``dead_lettered``:
    it could not be worked on, again and again. The last three can be revived by ``retry``.
    """

    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DEAD_LETTERED = "dead_lettered"

    @property
    def open(self) -> bool:
        """Whether there is anything left to do."""
        return self in _OPEN


_OPEN = frozenset({Status.ACCEPTED, Status.SCHEDULED, Status.RUNNING, Status.WAITING})


class Result(StrEnum):
    """What an operation that succeeded came to. ``would_…``: of a dry run. ``updated``: it was held, and its end or start is
    another now."""

    GRANTED = "granted"
    UPDATED = "updated"
    REVOKED = "revoked"
    ALREADY_GRANTED = "already_granted"
    ALREADY_REVOKED = "already_revoked"
    WOULD_GRANT = "would_grant"
    WOULD_UPDATE = "would_update"
    WOULD_REVOKE = "would_revoke"


class Requester(Record, frozen=True, kw_only=True):
    """Who asked.

    Attributes:
        kind: ``function_key`` (whoever has one), ``entra`` (a caller that the platform authenticated), ``queue`` (another system that put
            a message there), ``command_line``, or ``connector`` (this product itself, for an end that it keeps).
        id: object id of the caller, or the name of the user of that machine; empty where it is not known.
        name: what people call it.
    """

    kind: str
    id: str = ""
    name: str = ""


class Wanted(Record, frozen=True, kw_only=True):
    """What was asked for, as it was asked, parsed.

    Attributes:
        entitlement: ``group:{id}:member``, ``group:{id}:owner``, ``directory_role:{id}:assigned`` or ``directory_role:{id}:eligible``, in
            lower case.
        principal: object id, user principal name or application id.
        scope: directory roles: ``/``, ``/administrativeUnits/{id}`` or ``/{object id of an application}``; otherwise ``/``.
    """

    action: Action
    entitlement: str
    principal: str
    justification: str
    ticket: str | None = None
    scope: str = "/"
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    dry_run: bool = False


class Problem(Record, frozen=True, kw_only=True):
    """Why an operation did not come to what was asked for.

    Attributes:
        code: for programs, such as ``dynamic_membership``; the public list is in ``connector.provisioning.refusals``.
        sentence: what is in the way, for people.
        remedy: what to do about it, for people.
        graph_code: Graph's own code, where Graph refused.
        request_id: what Microsoft's support asks for.
    """

    code: str
    sentence: str
    remedy: str
    graph_code: str = ""
    request_id: str = ""


class EventKind(StrEnum):
    """What happened to an operation. ``decided``: the guards and the policy have been asked; ``intended``: about to be written to Graph;
    ``written``: Graph has answered; ``postponed``: goes on later; ``verified``: seen as wanted; ``journalled``: it is in the journal;
    ``ended``: it has come to its status; ``revived``: by ``retry``; ``expiry_kept`` and ``expired``: an end that the connector keeps."""

    ACCEPTED = "accepted"
    STARTED = "started"
    DECIDED = "decided"
    INTENDED = "intended"
    WRITTEN = "written"
    POSTPONED = "postponed"
    VERIFIED = "verified"
    ENDED = "ended"
    JOURNALLED = "journalled"
    CANCELLED = "cancelled"
    REVIVED = "revived"
    EXPIRY_KEPT = "expiry_kept"
    EXPIRED = "expired"


class Event(Record, frozen=True, kw_only=True):
    """Something that happened to an operation; never changed once written.

    Attributes:
        said: a sentence for people.
        worker: who did it: an id of the process, made when it started.
        facts: for programs: ``request_id`` of each Graph call, ``method`` and ``path``, ``attempt``, ``status``, ``code``…; never a token or secret.
    """

    at: datetime
    kind: EventKind
    said: str
    worker: str = ""
    facts: dict[str, Any] = {}


class Operation(Record, frozen=True, kw_only=True):
    """One grant or revoke and its whole life.

    Attributes:
        id: ``{bundle id}-{number}``; sorts by the time at which it was accepted.
        by: id of the requester's own request, or of the operation that it comes from (``expires_at`` of a grant); empty otherwise.
        principal_id: object id of the principal, once it has been found; ``principal_kind``: ``account``, ``group`` or ``service_principal``.
        not_before: when it goes on; None: at once.
        attempts: how often work on it was put off because something failed; beyond a limit it fails.
        died: how often work on it has brought the process down or ended in an unforeseen way; beyond a limit it is dead-lettered.
        intended: something may have been written to Graph: what is then found as wanted is our doing.
        planned: what it comes to once what is intended is seen.
        state: what the kind must know again at the next attempt, such as the id of a PIM request.
        journalled: its effect is in the journal, or it has none.
        audited: how many of its events are in the audit file.
    """

    id: str
    wanted: Wanted
    requester: Requester
    accepted_at: datetime
    status: Status = Status.ACCEPTED
    result: Result | None = None
    problem: Problem | None = None
    by: str = ""
    principal_id: str | None = None
    principal_kind: str | None = None
    principal_name: str | None = None
    not_before: datetime | None = None
    ended_at: datetime | None = None
    attempts: int = 0
    died: int = 0
    intended: bool = False
    planned: Result | None = None
    state: dict[str, Any] = {}
    journalled: bool = False
    audited: int = 0
    events: tuple[Event, ...] = ()


class Bundle(Record, frozen=True, kw_only=True):
    """``operations/{day}/{bundle id}.json``: the operations of one request on one entitlement, in the order in which they were given."""

    schema_version: int
    id: str
    entitlement: str
    operations: tuple[Operation, ...]


class Expiry(Record, frozen=True, kw_only=True):
    """An end that Graph cannot keep, of a principal's grant of the line's entitlement."""

    principal_id: str
    expires_at: datetime
    operation_id: str


class Place(Record, frozen=True, kw_only=True):
    """A place in a line, taken before what stands there is written: what is named and not there yet is waited for a while.

    Attributes:
        id: of a bundle, or of one operation that was revived, which waits here and no longer where its bundle does.
        at: when the place was taken.
    """

    id: str
    at: datetime


class Line(Record, frozen=True, kw_only=True):
    """``operations/lines/{hash of the entitlement}.json``: what is open on an entitlement, oldest first. Gone when nothing is.

    Attributes:
        places: of what is open, or has an effect that is not in the journal yet, or events that are not in the audit file.
        expiries: ends that are kept here, at most one a principal: a later grant or revoke of the same pair replaces or removes it.
        due: when there is something to do next; None: at once. Also the metadata ``due`` of the blob, so that a timer need not read it.
    """

    schema_version: int
    entitlement: str
    places: tuple[Place, ...] = ()
    expiries: tuple[Expiry, ...] = ()
    due: datetime | None = None


class AskedBefore(Record, frozen=True, kw_only=True):
    """``operations/keys/{hash of requester and key}.json``: what an Idempotency-Key was used for.

    Attributes:
        request_sha256: of the parsed request, so that the spelling of the JSON does not matter.
        bundles: ids of the bundles that it became, with the entitlement of each.
        complete: all of them are written, and messages sent; what was interrupted is finished by whoever asks with the key again.
    """

    request_sha256: str
    asked_at: datetime
    bundles: dict[str, str]
    operations: tuple[str, ...]
    complete: bool = False


class HourlyCount(Record, frozen=True, kw_only=True):
    """``operations/hours/{hour}.json``: how many operations were accepted within an hour, for the policy's limit.

    Attributes:
        last: of whoever counted last, random: two who count the same at the same time must not take each other's writing for their own.
    """

    accepted: int
    last: str


class Alone(Record, frozen=True, kw_only=True):
    """``operations/alone/{name}.json``: ids of the operations that were written last of what only one may do at a time, across all lines.

    While one of them is open, it may not show yet, and nobody else may go by what is read.
    """

    operations: tuple[str, ...] = ()


class LineMessage(Record, frozen=True, kw_only=True):
    """A message of the operations queue that the connector sends itself: look after a line, by its name (a hash of its entitlement)."""

    line: str


class RequestMessage(Record, frozen=True, kw_only=True):
    """A message of the operations queue that the connector sends itself: a request of another system, to be accepted later.

    Attributes:
        key: what the request is known by, however often its message is delivered.
        request: the other system's message.
    """

    key: str
    request: str


class DeadLetter(Record, frozen=True, kw_only=True):
    """``operations/dead/{id}.json``: a message of the queue that is no request and no line: kept for people, revived by ``retry``.

    Attributes:
        text: the message, as far as 64 KiB.
    """

    id: str
    at: datetime
    text: str
    problem: Problem
