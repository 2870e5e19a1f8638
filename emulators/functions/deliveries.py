"""One message, from when it is taken off the queue: decoded, kept hidden, and deleted, handed back or given up."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from azure.core.exceptions import AzureError
from azure.storage.queue import QueueMessage

from emulators.functions.bindings import QueueTrigger
from emulators.functions.hostjson import QueueOptions
from emulators.functions.protos import TypedData
from emulators.functions.storagequeues import StorageQueues, Undecodable, brief

Call = Callable[[TypedData, Mapping[str, TypedData]], Awaitable[bool]]
"""Runs the function with the trigger's data and metadata, and tells whether it succeeded."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How messages are dealt with: ``extensions.queues`` of ``host.json``, and for how long one is hidden at a time."""

    options: QueueOptions
    lock: timedelta


class Delivery:
    """A message that this host has taken. ``settle`` deals with it."""

    def __init__(self, message: QueueMessage, trigger: QueueTrigger, queues: StorageQueues, terms: Terms) -> None:
        self._message = message
        self._trigger = trigger
        self._queues = queues
        self._terms = terms
        self._client = queues.client(trigger.connection_string, trigger.queue)
        self._receipt = message.pop_receipt
        self._log = logging.getLogger("Host.Queues")

    async def settle(self, call: Call) -> None:
        """Run the function, then delete the message, or hand it back, or move it to the poison queue.

        If this is cancelled, the message is handed back at once.
        """
        try:
            settled = await self._run(call)
        except asyncio.CancelledError:
            await self._attempt(self._hand_back(timedelta(0)))
            raise
        except Undecodable as error:
            self._log.error("Message %s of %s: %s", self._message.id, self._trigger.queue, error)
            await self._attempt(self._give_up())
            return
        if settled:
            await self._attempt(self._delete())
        elif (self._message.dequeue_count or 1) >= self._terms.options.max_dequeue_count:
            self._log.warning("Message has reached MaxDequeueCount of %d.", self._terms.options.max_dequeue_count)
            await self._attempt(self._give_up())
        else:
            await self._attempt(self._hand_back(self._terms.options.visibility_timeout))

    async def _run(self, call: Call) -> bool:
        body = self._queues.decode(self._message.content)
        if (self._message.dequeue_count or 1) > self._terms.options.max_dequeue_count:
            return False  # an earlier host died before it could give it up
        ended = asyncio.Event()
        renewal = asyncio.create_task(self._keep_hidden(until=ended))
        try:
            return await call(data_of(body), metadata_of(self._message, body))
        finally:
            ended.set()
            await renewal  # not cancelled: a renewal under way changes the receipt that is needed next

    async def _keep_hidden(self, until: asyncio.Event) -> None:
        while not until.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._terms.lock.total_seconds() / 2):
                    await until.wait()
                    return
            await self._attempt(self._hand_back(self._terms.lock))

    async def _hand_back(self, hidden_for: timedelta) -> None:
        seconds = round(hidden_for.total_seconds())
        updated = await self._client.update_message(self._message.id, self._receipt, visibility_timeout=seconds)
        self._receipt = updated.pop_receipt

    async def _delete(self) -> None:
        await self._client.delete_message(self._message.id, self._receipt)

    async def _give_up(self) -> None:
        poison = f"{self._trigger.queue}-poison"
        self._log.warning("Moving message %s to queue '%s'.", self._message.id, poison)
        await self._queues.send_encoded(self._trigger.connection_string, poison, self._message.content)
        await self._delete()

    async def _attempt(self, step: Awaitable[None]) -> None:
        """Storage that fails here costs another delivery, which queues allow for anyway."""
        try:
            await step
        except AzureError as error:
            self._log.warning("Message %s of %s: %s", self._message.id, self._trigger.queue, brief(error))


def data_of(body: str | bytes) -> TypedData:
    """A message's body, as the worker takes it."""
    return TypedData(string=body) if isinstance(body, str) else TypedData(bytes=body)


def metadata_of(message: QueueMessage, body: str | bytes) -> dict[str, TypedData]:
    """The trigger metadata of a message, in the real host's names and forms."""
    times = {
        "ExpirationTime": message.expires_on,
        "InsertionTime": message.inserted_on,
        "NextVisibleTime": message.next_visible_on,
    }
    return {
        "QueueTrigger": data_of(body),
        "DequeueCount": TypedData(json=json.dumps(str(message.dequeue_count or 1))),
        "Id": TypedData(string=str(message.id)),
        "PopReceipt": TypedData(string=str(message.pop_receipt or "")),
        **{name: TypedData(json=json.dumps(_text(moment))) for name, moment in times.items() if moment is not None},
    }


def message_by_hand(content: str, message_id: str) -> QueueMessage:
    """A message that has not come through a queue, for a function that is run through the admin API."""
    now = datetime.now(UTC)
    message = QueueMessage(content=content, id=message_id, dequeue_count=1, pop_receipt="")
    message.inserted_on = message.next_visible_on = now
    message.expires_on = now + timedelta(days=7)
    return message


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
