"""Client secrets: made, put where the connector reads them, and removed. Between the first two there is one that nobody has.

A secret is shown once, in the answer that makes it. Its display name says for which place it was made, so that one that never got there,
because the process died or an answer was lost, is recognised: by this run where it can, otherwise by the next.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from connector.graph.errors import GraphError
from connector.graph.writing import Outcome
from connector.setup import reading
from connector.setup.actions import AddPassword
from connector.setup.errors import SetupProblem
from connector.setup.keeping import NewSecret, NotKept, Place
from connector.setup.writing import Writer, error_of

_TRIES = 3
"""How often a secret is made when no answer shows it."""


class _Shown(msgspec.Struct, rename="camel"):
    key_id: str
    secret_text: str
    end_date_time: datetime


class Passwords:
    """The client secrets of one app registration that are made for one place."""

    def __init__(self, writer: Writer, object_id: str, client_id: str, place: Place) -> None:
        self._writer = writer
        self._object_id = object_id
        self._client_id = client_id
        self._place = place

    async def add(self, action: AddPassword, now: datetime) -> None:
        """Make a client secret and put it into the place; where that fails, remove it again.

        Raises:
            GraphError: Graph makes none.
            SetupProblem: it cannot be kept; the sentence says whether it is removed.
        """
        secret = await self._make(action, now)
        try:
            await self._place.keep(secret, self._client_id)
        except NotKept as error:
            problem = await _undone(self._writer, self._object_id, secret.key_id, error)
        else:
            return
        raise problem

    async def _make(self, action: AddPassword, now: datetime) -> NewSecret:
        told = {"displayName": action.mark, "endDateTime": (now + action.valid).isoformat(timespec="seconds")}
        for _ in range(_TRIES):
            path = f"/applications/{self._object_id}/addPassword"
            written = await self._writer.send("POST", path, {"passwordCredential": told}, repeatable=False)
            if written.done:
                shown = reading.understood(written.body, _Shown)
                return NewSecret(shown.key_id, shown.secret_text, shown.end_date_time)
            if written.outcome is not Outcome.UNKNOWN:
                raise error_of(written)
            await self._remove_unseen(action.mark)
        raise error_of(written)

    async def _remove_unseen(self, mark: str) -> None:
        """Remove what was made and not shown."""
        there = await reading.read_registration(self._writer.session, self._client_id)
        passwords = there.password_credentials if there else ()
        kept = await self._place.kept(self._client_id, passwords)
        for one in passwords:
            if one.display_name == mark and one.key_id not in kept.all:
                await remove_password(self._writer, self._object_id, one.key_id)


async def remove_password(writer: Writer, object_id: str, key_id: str) -> None:
    """Remove a client secret, if it is there.

    Raises:
        GraphError: it was refused, or nobody knows.
    """
    path = f"/applications/{object_id}/removePassword"
    await writer.do("POST", path, {"keyId": key_id}, done_already="no password credential found")


async def _undone(writer: Writer, object_id: str, key_id: str, error: NotKept) -> SetupProblem:
    """Remove what could not be kept; what to tell."""
    if not error.certain:
        return SetupProblem(
            f"{error.reason} It is not known whether the new client secret {key_id} was written.",
            "Run setup again as soon as that can be read: it removes the client secret if it was not.",
        )
    try:
        await remove_password(writer, object_id, key_id)
    except GraphError as refused:
        return SetupProblem(
            f"{error.reason} The new client secret {key_id} could not be removed either ({refused}).",
            "Remove it in the app registration (Certificates & secrets), or run setup again, which does so.",
        )
    return SetupProblem(str(error.reason), "The new client secret was removed again. Correct that and run setup again.")
