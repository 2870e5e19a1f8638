"""Tells storage what the connector signs in with, so that whoever only reads storage knows when it ends."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from connector.graph.errors import GraphError
from connector.logs import log_event
from connector.storage import StorageError, Store
from connector.storage.errors import BlobCorrupt
from connector.storage.records import CredentialFacts
from connector.sync.context import utc_now

if TYPE_CHECKING:
    from connector.graph.session import GraphSession

_log = logging.getLogger(__name__)


async def note_credential(store: Store, session: GraphSession, *, asks: bool = False) -> None:
    """Let ``credential.json`` say what ``session`` is signed in with, where it does not say so already.

    A connection asks storage once for each thing that it signs in with. That it cannot be written stops nothing: it is for people.

    Args:
        asks: ask the app registration when a client secret ends, where nobody else tells: one small request to Graph for a process. Who
            does not ask leaves what is noted as it is.
    """
    connection = session.connection
    credential = connection.credential
    if asks and credential.hint_to_ask:
        await _ask(session)
    now = (credential.described, credential.expires_at)
    if connection.noted == now:
        return
    facts = CredentialFacts(
        auth=credential.auth.value, described=now[0], expires_at=now[1], noted_at=utc_now().replace(microsecond=0)
    )
    try:
        before = await _noted(store)
        same = before is not None and (before.auth, before.described) == (facts.auth, facts.described)
        unknown = bool(credential.hint_to_ask)
        if before is None or not same or (before.expires_at != facts.expires_at and not unknown):
            await store.write_credential(facts)
    except StorageError as problem:
        log_event(_log, "credential_not_noted", level=logging.WARNING, problem=str(problem))
    else:
        connection.noted = now


async def _ask(session: GraphSession) -> None:
    from connector.graph.secret_ends import registered_end

    credential = session.connection.credential
    hint = credential.hint_to_ask
    with suppress(GraphError):  # whatever is asked next meets the same; this is asked again another time
        credential.learn_end(hint, await registered_end(session, hint, utc_now()))


async def _noted(store: Store) -> CredentialFacts | None:
    try:
        return await store.credential()
    except BlobCorrupt:  # of another version: the next sign-in there writes it again
        return None
