"""Storage queues: send, creating the queue when it is missing. Receiving is the Functions host's work."""

from __future__ import annotations

from contextlib import suppress
from math import ceil
from typing import TYPE_CHECKING

from connector.storage.clients import host_of

if TYPE_CHECKING:
    from azure.storage.queue.aio import QueueServiceClient

LONGEST_DELAY_S = 7 * 24 * 3600
"""Longest visibility delay of a message, in seconds (Azure's limit: seven days)."""


class Queues:
    """The queues of one storage account. Messages are plain text, as ``messageEncoding: none`` of host.json says."""

    def __init__(self, service: QueueServiceClient) -> None:
        self._service = service
        self._host = host_of(str(service.url))

    async def send(self, queue: str, text: str, *, delay: float = 0) -> None:
        """Send ``text``, to be seen after ``delay`` seconds; the queue is made if there is none.

        Raises:
            StorageError: the message was not sent.
        """
        from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

        from connector.storage.translation import translated

        hidden = min(max(0, ceil(delay)), LONGEST_DELAY_S - 1)  # whole seconds, and never too early
        client = self._service.get_queue_client(queue)
        with translated(self._host, name=queue):
            try:
                await client.send_message(text, visibility_timeout=hidden, time_to_live=-1)
            except ResourceNotFoundError:
                with suppress(ResourceExistsError):
                    await client.create_queue()
                await client.send_message(text, visibility_timeout=hidden, time_to_live=-1)
