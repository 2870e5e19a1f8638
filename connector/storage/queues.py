"""Storage queues: send, creating the queue when it is missing; take several at once, beside what the Functions host delivers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from connector.storage.clients import host_of

if TYPE_CHECKING:
    from azure.storage.queue.aio import QueueServiceClient

LONGEST_DELAY_S = 7 * 24 * 3600
"""Longest visibility delay of a message, in seconds (Azure's limit: seven days)."""

_NOBODYS = ("00000000-0000-0000-0000-000000000000", "AgAAAAMAAAAAAAAAAAAAAAAAAAA=")
"""Id and receipt of a message that no queue has: deleting it shows whether we may, and does nothing."""

MOST_AT_ONCE = 32
"""Most messages that one request takes (Azure's limit)."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that was taken: nobody else sees it for a while, and then everybody does unless it is deleted.

    Attributes:
        deliveries: how often it has been taken, this time included.
    """

    text: str
    deliveries: int
    id: str
    receipt: str


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

    async def take(self, queue: str, *, hidden: int) -> list[Taken]:
        """Up to :data:`MOST_AT_ONCE` messages that are visible now, and not again for ``hidden`` seconds. None from no queue.

        Raises:
            StorageError: none were taken; some may be hidden for a while all the same.
        """
        from azure.core.exceptions import ResourceNotFoundError

        from connector.storage.translation import translated

        client = self._service.get_queue_client(queue)
        found = client.receive_messages(
            messages_per_page=MOST_AT_ONCE, max_messages=MOST_AT_ONCE, visibility_timeout=hidden
        )
        with translated(self._host, name=queue):
            try:
                return [
                    Taken(str(one.content), one.dequeue_count or 1, str(one.id), str(one.pop_receipt))
                    async for one in found
                ]
            except ResourceNotFoundError:
                return []

    async def delete(self, queue: str, taken: Taken) -> None:
        """Delete a message that was taken; that it has gone, or that somebody else has it by now, is no error.

        Raises:
            StorageError: it will be seen again.
        """
        from azure.core.exceptions import HttpResponseError

        from connector.storage.translation import translated

        with translated(self._host, name=queue):
            try:
                await self._service.get_queue_client(queue).delete_message(taken.id, taken.receipt)
            except HttpResponseError as error:
                if getattr(error, "error_code", None) not in ("MessageNotFound", "PopReceiptMismatch", "QueueNotFound"):
                    raise

    async def waiting(self, queue: str) -> int | None:
        """About how many messages are in ``queue``, and None where there is no such queue (yet). Whether they may be taken and deleted is
        tried along with it, by way of a message that is not there.

        Raises:
            StorageError: the queue cannot be looked at, or its messages cannot be worked on.
        """
        from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

        from connector.storage.translation import translated

        client = self._service.get_queue_client(queue)
        with translated(self._host, name=queue):
            try:
                count = (await client.get_queue_properties()).approximate_message_count
                await client.delete_message(*_NOBODYS)
            except ResourceNotFoundError as error:
                if getattr(error, "error_code", None) == "QueueNotFound":
                    return None
            except HttpResponseError as error:
                if getattr(error, "error_code", None) not in ("PopReceiptMismatch", "InvalidQueryParameterValue"):
                    raise
        return count
