"""That a state is used once, and that not many are used in a minute: one document for the tenant, replaced under ``If-Match``.

Anybody can begin, skip Microsoft's page and come back with a good state of their own; then tokens are asked for and the result is
written. Each state does so once, and all callers together :data:`MOST_A_MINUTE` times. That suffices: an administrator comes back
once, and those who exhaust the limit only make administrators wait a minute for a page that says what ``check`` says, too. Consent
itself is given at Microsoft's, which does not depend on it. Because the document holds what was used in the last ten minutes only, it
cannot grow, whoever calls.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from connector.consent.states import State
from connector.storage import Store
from connector.storage.errors import Conflict
from connector.storage.records.consents import UsedState, UsedStates

MOST_A_MINUTE = 6
"""Proofs in the whole tenant: room for an administrator who tries again and again."""
_MINUTE = timedelta(minutes=1)
_TRIES = MOST_A_MINUTE + 2
"""Who loses against another reads anew. Within a minute there cannot be more who win than the limit allows."""


class AlreadyUsed(Exception):
    """The state has been used before."""


class TooMany(Exception):
    """The limit of the minute is reached; the state has not been used. ``retry_after``: seconds until it can be tried again."""

    def __init__(self, retry_after: float) -> None:
        self.retry_after = retry_after
        super().__init__(f"try again in {retry_after:.0f} s")


async def use(store: Store, state: State, now: datetime) -> None:
    """Use ``state`` up. Of any number of callers with the same one, exactly one returns.

    Raises:
        AlreadyUsed: another was first.
        TooMany: too many states were used within the last minute.
        StorageError: storage refused; it is not known whether the state has been used.
    """
    mine = UsedState(nonce=state.nonce, attempt=secrets.token_hex(16), used_at=now, expires_at=state.expires_at)
    for _ in range(_TRIES):
        held = await store.consents.used_states()
        used = tuple(one for one in (held.record.used if held else ()) if one.expires_at > now)
        if any(one.attempt == mine.attempt for one in used):
            return  # written, and the answer lost; others have written since
        if any(one.nonce == state.nonce for one in used):
            raise AlreadyUsed
        _check_limit(used, now)
        try:
            await store.consents.replace_used_states(UsedStates(used=(*used, mine)), held)
        except Conflict:
            continue
        return
    raise TooMany(_MINUTE.total_seconds())


def _check_limit(used: tuple[UsedState, ...], now: datetime) -> None:
    recent = sorted(one.used_at for one in used if now - one.used_at < _MINUTE)
    if len(recent) >= MOST_A_MINUTE:
        raise TooMany(max(1.0, (recent[-MOST_A_MINUTE] + _MINUTE - now).total_seconds()))
