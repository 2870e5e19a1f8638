"""Requests that change something: sent once, or so that it is known what became of them.

A read whose answer is lost is simply asked again. A write may have happened all the same, so there are four ends, not two:
it is done, it was refused, nothing happened, or nobody knows. Who gets the last one must look before asking again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.graph import retry
from connector.graph.envelope import parse_error, request_id_of
from connector.graph.errors import GraphError, GraphUnreachable, RequestRefused, Throttled, refusal
from connector.graph.session import GraphSession, Reply


class Outcome(StrEnum):
    """What became of a write.

    ``done``: Graph answered with success. ``refused``: Graph answered that it will not. ``not_done``: it was not sent, or only
    throttled; nothing has happened. ``unknown``: it was sent, and no answer, or one of a failing server, tells what it did.
    """

    DONE = "done"
    REFUSED = "refused"
    NOT_DONE = "not_done"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Written:
    """How a write ended.

    Attributes:
        status: HTTP status of the last answer; 0 where none came.
        body: the answer as it came.
        error: what went wrong, None when it is done. For ``refused`` a
            :class:`~connector.graph.errors.RequestRefused` with Graph's code, message and request id.
        request_id: what Microsoft's support asks for; empty where Graph gave none.
    """

    outcome: Outcome
    status: int = 0
    body: bytes = b""
    error: GraphError | None = None
    request_id: str = ""

    @property
    def done(self) -> bool:
        """Whether Graph said so."""
        return self.outcome is Outcome.DONE

    @property
    def refusal(self) -> RequestRefused | None:
        """Graph's refusal, where it is one."""
        return self.error if isinstance(self.error, RequestRefused) else None


async def write(
    session: GraphSession, method: str, path: str, body: bytes | None = None, *, repeatable: bool = False
) -> Written:
    """Send ``method`` (POST, PATCH, PUT or DELETE) with the JSON ``body`` to ``path``, which begins with a slash.

    Throttling is waited for as Graph asks, within the session's deadline, because a throttled request has done nothing. A token
    that Graph does not accept is renewed once, for the same reason.

    Args:
        repeatable: doing it twice is the same as doing it once (such as setting a value, or deleting what has an id of its
            own), so that it is sent again when its answer was lost. It may then be refused because it is done already, which
            the caller has to tell by the status.

    Raises:
        SignInFailed: Microsoft Entra ID issues no token; this attempt was not sent.
    """
    doubt: Written | None = None
    renewed = False
    for attempt in range(1, retry.MOST_ATTEMPTS + 1):
        token, wait = session.token_number, None
        try:
            reply = await session.attempt(method, path, body)
        except Throttled as error:
            return doubt or Written(Outcome.NOT_DONE, error=error)
        except GraphUnreachable as error:
            latest = Written(Outcome.UNKNOWN if error.sent else Outcome.NOT_DONE, error=error)
        else:
            if reply.status == 401 and not renewed:
                renewed = True
                await session.renew_token(token)
                continue
            latest, wait = judged(reply, path, attempt), retry.retry_after(reply.headers)
        if latest.outcome in (Outcome.DONE, Outcome.REFUSED):
            return latest
        if latest.outcome is Outcome.UNKNOWN:
            doubt = latest
            if not repeatable:
                return latest
        if attempt < retry.MOST_ATTEMPTS:
            try:
                await session.pause(wait if wait is not None else retry.back_off(attempt))
            except Throttled:
                break
    return doubt or latest


def judged(reply: Reply, path: str, attempt: int) -> Written:
    """What one answer to a write of ``path`` says, alone or as an item of a batch, after ``attempt`` attempts."""
    if reply.status < 400:
        return Written(Outcome.DONE, reply.status, reply.body, request_id=request_id_of(reply.headers))
    problem = parse_error(reply.body, reply.headers)
    error: GraphError = refusal(reply.status, problem, path)
    outcome = Outcome.UNKNOWN if retry.is_transient(reply.status) else Outcome.REFUSED
    if reply.status == 429:
        wait = retry.retry_after(reply.headers)
        outcome, error = Outcome.NOT_DONE, Throttled(wait if wait is not None else retry.back_off(attempt))
    return Written(outcome, reply.status, reply.body, error, problem.request_id)
