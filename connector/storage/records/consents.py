"""What is kept about consent: the states that have been brought back, and what the application was found to be granted."""

from __future__ import annotations

from datetime import datetime

from connector.storage.records.base import Record


class UsedState(Record, frozen=True, kw_only=True):
    """A state that somebody has brought back from giving consent.

    Attributes:
        nonce: of the state, in hex.
        attempt: which request used it, at random: of two that write the same at the same moment, only one recognises its own.
        expires_at: when the state is refused anyway, so that nobody needs to remember it.
    """

    nonce: str
    attempt: str
    used_at: datetime
    expires_at: datetime


class UsedStates(Record, frozen=True, kw_only=True):
    """``consent/used.json``: replaced under ``If-Match`` only. States that have expired are left out whenever it is written."""

    used: tuple[UsedState, ...] = ()


class Connection(Record, frozen=True, kw_only=True):
    """``connection.json``: what the application had been granted when somebody last came back from giving consent.

    Attributes:
        proved_at: when the token was issued that tells of it.
        client_id: the application that signed in.
        object_id: its service principal in the tenant; empty where the token does not tell.
        permissions: the application permissions that the token names, in order; None where it cannot be told.
        missing: those that what is switched on needs, and that were not among them.
    """

    proved_at: datetime
    client_id: str
    object_id: str = ""
    permissions: tuple[str, ...] | None = None
    missing: tuple[str, ...] = ()
