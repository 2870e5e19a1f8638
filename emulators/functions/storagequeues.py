"""Real storage queues, as the host's triggers and outputs use them."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.queue.aio import QueueClient


class Undecodable(ValueError):
    """A message is not in the encoding that ``host.json`` says."""


class StorageQueues:
    """Clients of queues, one each, and the events that tell a listener that something was sent to its queue."""

    def __init__(self, *, in_base64: bool) -> None:
        self._in_base64 = in_base64
        self._clients: dict[tuple[str, str], QueueClient] = {}
        self._arrivals: dict[tuple[str, str], asyncio.Event] = {}

    def client(self, connection_string: str, queue: str) -> QueueClient:
        """The client of a queue."""
        at = (connection_string, queue)
        if at not in self._clients:
            self._clients[at] = QueueClient.from_connection_string(connection_string, queue)
        return self._clients[at]

    def arrival(self, connection_string: str, queue: str) -> asyncio.Event:
        """Set when this host has sent a message to the queue, so that its listener need not wait for its next poll."""
        return self._arrivals.setdefault((connection_string, queue), asyncio.Event())

    async def send(self, connection_string: str, queue: str, body: str | bytes) -> None:
        """Encode and send one message; the queue is created if it is missing."""
        await self.send_encoded(connection_string, queue, self.encode(body))

    async def send_encoded(self, connection_string: str, queue: str, content: str) -> None:
        """Send a message as it is."""
        client = self.client(connection_string, queue)
        try:
            await client.send_message(content)
        except ResourceNotFoundError:
            await create(client)
            await client.send_message(content)
        self.arrival(connection_string, queue).set()

    def encode(self, body: str | bytes) -> str:
        """The text that is stored for a body."""
        if self._in_base64:
            return base64.b64encode(body.encode() if isinstance(body, str) else body).decode()
        return body if isinstance(body, str) else body.decode()

    def decode(self, content: str) -> str | bytes:
        """The body behind a stored text: text where it is UTF-8, else bytes.

        Raises:
            Undecodable: it should be base64 and is not.
        """
        if not self._in_base64:
            return content
        try:
            body = base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Undecodable(
                "it is not base64, which extensions.queues.messageEncoding of host.json asks for"
            ) from error
        try:
            return body.decode()
        except UnicodeDecodeError:
            return body

    async def close(self) -> None:
        """Close every client."""
        clients: Mapping[tuple[str, str], QueueClient] = self._clients
        for client in clients.values():
            await client.close()


async def create(client: QueueClient) -> None:
    """Create a queue unless it is there."""
    try:
        await client.create_queue()
    except ResourceExistsError:
        return


def brief(error: AzureError) -> str:
    """The first line of what storage says; request ids and times follow it."""
    return str(error.message).partition("\n")[0]
