"""Leases: what only one may do at a time. A lease ends by itself when its holder dies, and a holder that stalled is told.

A lease saves work. It is not what keeps the state right: that is ``If-Match``, because between asking whether a lease still holds
and acting on the answer any time may pass.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from connector.storage.blobs import Blobs
from connector.storage.errors import BlobMissing, Conflict, StorageError, StorageFailed

DURATION_S = 60
"""How long a lease lasts without renewal: the longest that Azure gives to one that ends by itself."""
RENEW_EVERY_S = 15.0
"""Renewals may fail for half a minute before the lease is in danger."""
_MARGIN_S = 5.0
"""A holder stops believing in its lease this long before storage does: no two clocks run equally fast."""
_ATTEMPT_S = 10.0
"""How long one renewal may take, the SDK's own repetitions included."""
_ASK_AGAIN_S = 0.5


class LeaseHeld(StorageError):
    """Somebody else holds the lease ``name``."""

    transient = True

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"Somebody else is at work on {name}.",
            "Try again later. The lease of a holder that died ends by itself within a minute.",
        )


class LeaseLost(StorageError):
    """The lease ``name`` could not be renewed in time, or was broken: somebody else may hold it by now."""

    transient = True

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"The lease of {name} was lost.", "What had not been committed is done again by whoever has it."
        )


class Lease:
    """A lease that is held, with the time until which it certainly is."""

    def __init__(self, blobs: Blobs, blob: str, name: str, clock: Callable[[], float]) -> None:
        self._blobs = blobs
        self._blob = blob
        self._name = name
        self._clock = clock
        self._id = str(uuid.uuid4())
        self._until = float("-inf")

    def check(self, margin: float = 0.0) -> None:
        """Do nothing while the lease is held.

        Args:
            margin: seconds for which it must still last without being renewed: as long as what is begun now may take.

        Raises:
            LeaseLost: somebody else may hold it by now, or ``margin`` seconds later.
        """
        if self._clock() >= self._until - margin:
            raise LeaseLost(self._name)

    async def acquire(self, patience: float) -> None:
        """Take it, waiting up to ``patience`` seconds for who has it.

        An answer that gets lost does no harm: asked again for the same id, storage gives the same lease.

        Raises:
            LeaseHeld: somebody else still holds it.
            StorageError: storage refuses.
        """
        give_up = self._clock() + patience
        while True:
            asked_at = self._clock()
            try:
                await self._blobs.acquire_lease(self._blob, self._id, DURATION_S)
            except BlobMissing:
                await self._make()
            except StorageFailed as error:
                if error.status != 409:
                    raise
                left = give_up - self._clock()
                if left <= 0:
                    raise LeaseHeld(self._name) from None
                await asyncio.sleep(min(_ASK_AGAIN_S, left))
            else:
                self._renewed(asked_at)
                return

    async def keep(self, every: float) -> None:
        """Renew it every so many seconds, until cancelled or until storage says that it is no longer ours.

        Storage renews even what has run out, as long as nobody has taken it: then nobody was in between.
        """
        while True:
            await asyncio.sleep(every)
            asked_at = self._clock()
            try:
                async with asyncio.timeout(_ATTEMPT_S):
                    await self._blobs.renew_lease(self._blob, self._id)
            except (StorageError, TimeoutError) as error:
                if isinstance(error, BlobMissing) or (isinstance(error, StorageFailed) and error.status == 409):
                    self._until = float("-inf")
                    return
                # it may pass; time runs all the same
            else:
                self._renewed(asked_at)

    async def release(self) -> None:
        """Give it back, so that nobody has to wait for its end. Where that fails, it ends by itself."""
        self._until = float("-inf")
        with suppress(StorageError, TimeoutError):
            async with asyncio.timeout(_ATTEMPT_S):
                await self._blobs.release_lease(self._blob, self._id)

    def _renewed(self, asked_at: float) -> None:
        self._until = asked_at + DURATION_S - _MARGIN_S

    async def _make(self) -> None:
        with suppress(Conflict):  # somebody else has just made it
            await self._blobs.create(self._blob, b"")


@asynccontextmanager
async def hold_lease(
    blobs: Blobs,
    blob: str,
    name: str,
    *,
    patience: float = 0.0,
    clock: Callable[[], float] = time.monotonic,
    renew_every: float = RENEW_EVERY_S,
) -> AsyncIterator[Lease]:
    """Hold the lease of ``blob``, made when it is missing, for as long as the context lasts. It is renewed in the background.

    Args:
        name: what people are told is leased.
        patience: seconds to wait for who holds it.
        clock: seconds that never go back.
        renew_every: seconds from one renewal to the next.

    Raises:
        LeaseHeld: somebody else holds it.
        StorageError: storage refuses.
    """
    lease = Lease(blobs, blob, name, clock)
    await lease.acquire(patience)
    keeping = asyncio.create_task(lease.keep(renew_every))
    try:
        yield lease
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])
        await lease.release()
