"""Operations as the HTTP API and the command line show them: what is public of a record, described for who reads it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from connector.provisioning.refusals import CODES
from connector.storage.records.operations import Action, DeadLetter, EventKind, Operation, Problem, Result, Status

S = TypeVar("S", bound="_Shown")


class _Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Part of an answer."""


class ShownRequester(_Shown, frozen=True, kw_only=True):
    """Who asked."""

    kind: Annotated[
        str, Meta(description="`function_key`, `entra`, `queue`, `command_line`, or `connector`: an end that it keeps.")
    ]
    id: Annotated[str, Meta(description="Object id of the caller, or name of a machine's user; empty: not known.")]
    name: Annotated[str, Meta(description="What people call the caller.")]


class ShownProblem(_Shown, frozen=True, kw_only=True):
    """Why it did not come to what was asked for."""

    code: Annotated[str, Meta(description="For programs.", extra_json_schema={"enum": list(CODES)})]
    sentence: Annotated[str, Meta(description="What is in the way.")]
    remedy: Annotated[str, Meta(description="What to do about it.")]
    graph_code: Annotated[str, Meta(description="Microsoft Graph's own code, where Graph refused.")]
    request_id: Annotated[str, Meta(description="What Microsoft's support asks for.")]


class ShownEvent(_Shown, frozen=True, kw_only=True):
    """Something that happened to an operation."""

    at: datetime
    kind: EventKind
    said: Annotated[str, Meta(description="What happened, in a sentence.")]
    facts: Annotated[dict[str, Any], Meta(description="For programs: methods, paths, request ids, codes …")]


class ShownWanted(_Shown, frozen=True, kw_only=True):
    """What was asked for."""

    action: Action
    entitlement: str
    principal: str
    justification: str
    ticket: str | None
    scope: str
    starts_at: datetime | None
    expires_at: datetime | None
    dry_run: bool


class OperationSummary(_Shown, frozen=True, kw_only=True):
    """One grant or revoke, and where it stands."""

    id: Annotated[str, Meta(description="Sorts by when it was accepted.")]
    url: Annotated[str, Meta(description="Where to read it, with its whole history.")]
    wanted: ShownWanted
    requester: ShownRequester
    accepted_at: datetime
    status: Annotated[
        Status,
        Meta(
            description="Open: `accepted`, `scheduled`, `running`, `waiting`. Ended: `succeeded` (seen, not only done), `refused` (by a "
            "guard or the policy; nothing was done), `failed`, `cancelled`, `dead_lettered`."
        ),
    ]
    result: Annotated[Result | None, Meta(description="What it came to, once it has succeeded.")]
    problem: ShownProblem | None
    by: Annotated[str, Meta(description="Id of the operation or request that it comes from; empty: none.")]
    principal_id: Annotated[str | None, Meta(description="Object id of the principal, once it has been found.")]
    principal_kind: Annotated[str | None, Meta(description="`account`, `group` or `service_principal`.")]
    principal_name: str | None
    not_before: Annotated[datetime | None, Meta(description="When it goes on; null: at once, or it has ended.")]
    ended_at: datetime | None


class OperationShown(OperationSummary, frozen=True, kw_only=True):
    """One grant or revoke, and its whole life."""

    events: Annotated[tuple[ShownEvent, ...], Meta(description="Everything that happened to it, oldest first.")]


class OperationsShown(_Shown, frozen=True, kw_only=True):
    """What became of a list, in its order."""

    operations: tuple[OperationShown, ...]


class OperationPage(_Shown, frozen=True, kw_only=True):
    """Operations, newest first."""

    operations: tuple[OperationSummary, ...]
    next: Annotated[str, Meta(description="What to give as `after` for those that follow; empty: there are none.")]


class DeadLetterShown(_Shown, frozen=True, kw_only=True):
    """A message of the queue that nobody understood, sent again."""

    id: str
    at: datetime
    problem: ShownProblem


def show(operation: Operation, url: str) -> OperationShown:
    """``operation`` with its history. ``url``: of all operations."""
    events = tuple(
        ShownEvent(at=one.at, kind=one.kind, said=one.said, facts=dict(one.facts)) for one in operation.events
    )
    return OperationShown(**_common(operation, url), events=events)


def summarize(operation: Operation, url: str) -> OperationSummary:
    """``operation`` without its history. ``url``: of all operations."""
    return OperationSummary(**_common(operation, url))


def show_again(found: Operation | DeadLetter, url: str) -> OperationShown | DeadLetterShown:
    """What is tried again; a message without its text, which is anybody's."""
    if isinstance(found, Operation):
        return show(found, url)
    return DeadLetterShown(id=found.id, at=found.at, problem=_problem(found.problem))


def _common(operation: Operation, url: str) -> dict[str, Any]:
    own = {"url", "wanted", "requester", "problem"}
    return {
        **{name: getattr(operation, name) for name in OperationSummary.__struct_fields__ if name not in own},
        "url": f"{url}/{operation.id}",
        "wanted": _same(operation.wanted, ShownWanted),
        "requester": _same(operation.requester, ShownRequester),
        "problem": _problem(operation.problem) if operation.problem else None,
    }


def _problem(problem: Problem) -> ShownProblem:
    return _same(problem, ShownProblem)


def _same(record: msgspec.Struct, shown: type[S]) -> S:
    return shown(**{name: getattr(record, name) for name in shown.__struct_fields__})
