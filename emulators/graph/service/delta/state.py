"""What a delta token holds. The service keeps nothing: a token says everything about its query and where it stands."""

from __future__ import annotations

import msgspec

from emulators.graph.service.context import Context
from emulators.graph.service.delta.rules import Tracked
from emulators.graph.service.errors import sync_state_not_found
from emulators.graph.service.messages import Request
from emulators.graph.service.tokens import InvalidToken

LIFETIME_SECONDS = 7 * 24 * 3600
"""How long delta tokens of directory objects live."""

Position = tuple[int, int, int]


class Round(msgspec.Struct, array_like=True, frozen=True):
    """One round of a delta query, from its first page to its delta link.

    Attributes:
        tracked: what it follows.
        since: number of the change after which changes are reported; None in the first round.
        until: number of the last change when the round began, from which the next one goes on.
        issued_at: when the token was made, in seconds since 1970.
        position: key of the object on which the last page ended, index of the relationship and key of its target up to
            which it was reported; None at the beginning.
    """

    tracked: Tracked
    since: int | None
    until: int
    issued_at: float
    position: Position | None = None


def next_link(context: Context, request: Request, done: Round, position: Position) -> str:
    """The link to the next page of the round."""
    state = Round(done.tracked, done.since, done.until, context.clock.now(), position)
    return _link(context, request, "$skiptoken", state)


def delta_link(context: Context, request: Request, done: Round) -> str:
    """The link from which the next round goes on."""
    state = Round(done.tracked, done.until, done.until, context.clock.now())
    return _link(context, request, "$deltatoken", state)


def opened(context: Context, request: Request, option: str, token: str) -> Round:
    """The round that a token belongs to.

    Raises:
        GraphError: 400 ``syncStateNotFound`` for tokens that are too old, malformed, or of another query.
    """
    try:
        state = msgspec.convert(context.tokens.open(_purpose(request, option), token), Round)
    except (InvalidToken, msgspec.ValidationError):
        raise sync_state_not_found() from None
    if context.clock.now() - state.issued_at > LIFETIME_SECONDS:
        raise sync_state_not_found()
    return state


def _link(context: Context, request: Request, option: str, state: Round) -> str:
    token = context.tokens.seal(_purpose(request, option), msgspec.to_builtins(state))
    return f"{request.base}/{request.path}?{option}={token}"


def _purpose(request: Request, option: str) -> str:
    """A token goes with its path, however the function is spelled."""
    entity_set = request.path.lower().rpartition("/")[0].removeprefix("directory/")
    return f"{option} {entity_set}"
