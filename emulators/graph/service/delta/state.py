"""What a delta token holds. The service keeps nothing of a round: a token says everything about its query and where it stands."""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from emulators.graph.service.context import Context
from emulators.graph.service.delta.rules import Followed
from emulators.graph.service.errors import GraphError, sync_state_not_found
from emulators.graph.service.messages import Request
from emulators.graph.service.tokens import InvalidToken

LIFETIME_SECONDS = 7 * 24 * 3600
"""How long delta tokens of directory objects live."""

Position = tuple[int, int, int]
_MESSAGES = {"resyncRequired": "The delta token is no longer valid, and the app must reset the sync state."}


class Round(msgspec.Struct, array_like=True, frozen=True):
    """One round of a delta query, from its first page to its delta link.

    Attributes:
        followed: what it follows.
        options: the options of the first call, with which it can be begun anew.
        since: number of the change after which changes are reported; None in the first round.
        until: number of the last change when the round began, from which the next one goes on.
        issued_at: when the token was made, in seconds since 1970.
        generation: how often the synchronization state had been reset when the query began.
        number: of the page, from 0.
        position: key of the object on which the last page ended, index of the relationship and key of its target up to
            which it was reported; None at the beginning.
        assignment: id of the app role assignment up to which they were reported; None while objects are.
    """

    followed: Followed
    options: tuple[tuple[str, str], ...]
    since: int | None
    until: int
    issued_at: float
    generation: int
    number: int = 0
    position: Position | None = None
    assignment: str | None = None


def replayed_since(context: Context, state: Round) -> int:
    """The change after which changes are shown: earlier than asked for where the variant replays some."""
    return max(0, (state.since or 0) - context.variants.delta_replays)


def entity_set_of(request: Request) -> str:
    """The entity set in an address, however it is spelled: delta tokens and resets go with it."""
    return request.path.lower().rpartition("/")[0].removeprefix("directory/")


def next_link(context: Context, request: Request, following: Round) -> str:
    """The link to the next page of a round."""
    state = msgspec.structs.replace(following, number=following.number + 1, issued_at=context.clock.now())
    return _link(context, request, "$skiptoken", state)


def delta_link(context: Context, request: Request, done: Round) -> str:
    """The link from which the next round goes on."""
    state = Round(done.followed, done.options, done.until, done.until, context.clock.now(), done.generation)
    return _link(context, request, "$deltatoken", state)


def opened(context: Context, request: Request, option: str, token: str) -> Round:
    """The round that a token belongs to.

    Raises:
        GraphError: 400 ``syncStateNotFound`` for tokens that are too old, malformed, or of another query; 410 after a reset
            of the synchronization state.
    """
    try:
        state = msgspec.convert(context.tokens.open(_purpose(request, option), token), Round)
    except (InvalidToken, msgspec.ValidationError):
        raise sync_state_not_found() from None
    if state.generation != context.resets.generation(entity_set_of(request)):
        raise _gone(context, request, state)
    if context.clock.now() - state.issued_at > LIFETIME_SECONDS:
        raise sync_state_not_found()
    return state


def _gone(context: Context, request: Request, state: Round) -> GraphError:
    """410; with an address that begins the query anew, unless the reset was made without one."""
    options = [*state.options, ("$deltatoken", "")]
    query = "&".join(f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in options)
    shown = context.resets.tells_location(entity_set_of(request))
    code = context.variants.delta_reset_code
    message = _MESSAGES.get(code, sync_state_not_found().message)
    return GraphError(
        410, code, message, headers={"Location": f"{request.base}/{request.path}?{query}"} if shown else None
    )


def _link(context: Context, request: Request, option: str, state: Round) -> str:
    token = context.tokens.seal(_purpose(request, option), msgspec.to_builtins(state))
    return f"{request.base}/{request.path}?{option}={token}"


def _purpose(request: Request, option: str) -> str:
    return f"{option} {entity_set_of(request)}"
