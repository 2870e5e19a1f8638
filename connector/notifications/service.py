"""What the trigger asks of notifications: an endpoint that is kept for as long as the process lives."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from connector.notifications.endpoint import Endpoint, Received
from connector.notifications.handshake import HEADERS, answer_to
from connector.notifications.knowing import Unavailable
from connector.notifications.parsing import Refused, check_type
from connector.settings import Settings
from connector.storage import StorageError, open_store

__all__ = ["HEADERS", "Endpoint", "Received", "Receiver", "Refused", "Unavailable", "answer_to", "check_type"]


class Receiver:
    """The endpoint of a process: its connections to storage stay open between calls, because opening them takes longer than all
    the rest."""

    def __init__(self) -> None:
        self._endpoint: Endpoint | None = None
        self._settings: Settings | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open = AsyncExitStack()

    async def receive(self, settings: Settings, content_type: str | None, body: bytes) -> Received:
        """Receive one body.

        Raises:
            Refused: it is none of notifications.
            Unavailable: storage does not answer in time.
        """
        check_type(content_type)
        return await (await self._endpoint_for(settings)).receive(body)

    async def _endpoint_for(self, settings: Settings) -> Endpoint:
        loop = asyncio.get_running_loop()
        if self._endpoint is None or self._loop is not loop or self._settings != settings:
            try:
                store = await self._open.enter_async_context(
                    open_store(settings)
                )  # asks nobody, so nobody comes between
            except StorageError as error:
                raise Unavailable(error.sentence) from None
            self._loop, self._settings = loop, settings
            self._endpoint = Endpoint(store, settings.tenant_id)
        return self._endpoint

    async def close(self) -> None:
        """Close the connections."""
        self._endpoint = None
        await self._open.aclose()
