"""What is kept about consent, as typed operations of one tenant."""

from __future__ import annotations

from connector.storage.documents import Documents, Held
from connector.storage.names import Names
from connector.storage.records.consents import Connection, UsedStates


class Consents:
    """Every method raises :class:`~connector.storage.errors.StorageError`."""

    def __init__(self, documents: Documents, names: Names) -> None:
        self._documents = documents
        self._names = names

    async def connection(self) -> Held[Connection] | None:
        """What the application was found to be granted, or None where nobody has come back from giving consent."""
        return await self._documents.read(self._names.connection, Connection)

    async def replace_connection(self, connection: Connection, held: Held[Connection] | None) -> Held[Connection]:
        """Write what it was found to be granted, if ``held`` still is what is there. Raises Conflict otherwise."""
        return await self._documents.replace(self._names.connection, connection, held)

    async def used_states(self) -> Held[UsedStates] | None:
        """The states that were brought back, or None before the first."""
        return await self._documents.read(self._names.used_states, UsedStates)

    async def replace_used_states(self, used: UsedStates, held: Held[UsedStates] | None) -> Held[UsedStates]:
        """Write them, if ``held`` still is what is there. Raises Conflict otherwise."""
        return await self._documents.replace(self._names.used_states, used, held)
