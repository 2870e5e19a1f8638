"""``subscriptions.json`` while it is worked on. What is written there are facts, so nobody's are lost to anybody else's."""

from __future__ import annotations

from collections.abc import Callable

from connector.storage import Held, Store
from connector.storage.errors import Conflict
from connector.storage.subscriptions import Subscriptions

_TRIES = 8


class Ledger:
    """What is known, read once with :meth:`open` and written edit by edit."""

    def __init__(self, store: Store, held: Held[Subscriptions] | None) -> None:
        self._store = store
        self._held = held

    @classmethod
    async def open(cls, store: Store) -> Ledger:
        """Read what is known.

        Raises:
            StorageError: it cannot be read.
        """
        return cls(store, await store.subscriptions())

    @property
    def state(self) -> Subscriptions:
        """What is known, as it was read or written last."""
        return self._held.record if self._held else Subscriptions()

    async def change(self, edit: Callable[[Subscriptions], Subscriptions]) -> None:
        """Write what ``edit`` makes of what is known. Where somebody else wrote meanwhile, it is done to theirs.

        Raises:
            StorageError: it cannot be written.
        """
        for left in reversed(range(_TRIES)):
            edited = edit(self.state)
            if edited == self.state:
                return
            try:
                self._held = await self._store.replace_subscriptions(edited, self._held)
            except Conflict:
                if not left:
                    raise
                self._held = await self._store.subscriptions()
            else:
                return
