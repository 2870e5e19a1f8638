"""``connection.json``: what the application was found to be granted, so that people need not ask the tenant to know."""

from __future__ import annotations

from datetime import datetime

from connector.consent.proving import Proof
from connector.settings import Settings
from connector.storage import Store
from connector.storage.errors import Conflict
from connector.storage.records.consents import Connection

_TRIES = 8
"""Who loses against another reads anew. No more can come within a minute than :mod:`connector.consent.using` lets through."""


def connection_of(proof: Proof, settings: Settings, proved_at: datetime) -> Connection:
    """What is kept of a proof. There is no secret in it, and no token."""
    return Connection(
        proved_at=proved_at,
        client_id=settings.client_id,
        object_id=proof.object_id,
        permissions=None if proof.permissions is None else tuple(sorted(proof.permissions)),
        missing=tuple(dict.fromkeys(one.permission.name for one in proof.missing)),
    )


async def record(store: Store, connection: Connection) -> None:
    """Keep ``connection``, unless something younger is kept already.

    Raises:
        StorageError: storage refused.
    """
    for left in reversed(range(_TRIES)):
        held = await store.consents.connection()
        if held is not None and held.record.proved_at >= connection.proved_at:
            return
        try:
            await store.consents.replace_connection(connection, held)
            return
        except Conflict:
            if not left:
                raise
