"""Queue triggers: take messages from a real queue in batches, and have each dealt with."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from datetime import timedelta

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.queue import QueueMessage

from emulators.functions.bindings import Function, QueueTrigger
from emulators.functions.deliveries import Delivery, Terms
from emulators.functions.invoker import Invoker
from emulators.functions.protos import TypedData
from emulators.functions.storagequeues import StorageQueues, brief, create

_SHORTEST_POLL = timedelta(milliseconds=100)
"""The storage extension's minimum (``QueuePollingIntervals.Minimum``)."""


class QueueListener:
    """Feeds one function from its queue.

    An empty queue is asked less and less often, up to ``maxPollingInterval``; a message found, or sent by this host,
    brings the listener back to its fastest.
    """

    def __init__(
        self, function: Function, trigger: QueueTrigger, invoker: Invoker, queues: StorageQueues, terms: Terms
    ) -> None:
        self._function = function
        self._trigger = trigger
        self._invoker = invoker
        self._queues = queues
        self._terms = terms
        self._client = queues.client(trigger.connection_string, trigger.queue)
        self._arrival = queues.arrival(trigger.connection_string, trigger.queue)
        self._running: set[asyncio.Task[None]] = set()
        self._complaint = ""
        self._log = logging.getLogger("Host.Queues")

    async def prepare(self) -> None:
        """Create the queue if it is missing. Storage that cannot be reached is reported and asked again later."""
        try:
            await create(self._client)
        except AzureError as error:
            self._complain(f"Queue {self._trigger.queue} cannot be created: {brief(error)}")

    async def run(self) -> None:
        """Take messages until cancelled. What has been taken goes on: see ``finish``."""
        shortest = min(_SHORTEST_POLL, self._terms.options.max_polling_interval)
        wait = shortest
        while True:
            self._arrival.clear()
            messages = await self._take()
            if messages:
                wait = shortest
                self._start(messages)
                await self._until_few_are_running()
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait.total_seconds()):
                    await self._arrival.wait()
            wait = min(wait * 2, self._terms.options.max_polling_interval)

    async def finish(self, patience: timedelta) -> bool:
        """Wait until everything that has been taken is dealt with; what is not in time is handed back, visible at once.

        Tells whether everything was in time.
        """
        if not self._running:
            return True
        _, late = await asyncio.wait(self._running, timeout=patience.total_seconds())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return not late

    async def _take(self) -> list[QueueMessage]:
        batch = self._terms.options.batch_size
        try:
            found = self._client.receive_messages(
                messages_per_page=batch,
                max_messages=batch,
                visibility_timeout=max(1, round(self._terms.lock.total_seconds())),
            )
            messages = [message async for message in found]
        except ResourceNotFoundError:
            await self.prepare()
        except AzureError as error:
            self._complain(f"Queue {self._trigger.queue} cannot be read: {brief(error)}")
        else:
            self._complaint = ""
            return messages
        return []

    def _complain(self, complaint: str) -> None:
        """Say what is wrong once, not at every poll."""
        if complaint != self._complaint:
            self._log.warning("%s", complaint)
        self._complaint = complaint

    def _start(self, messages: list[QueueMessage]) -> None:
        for message in messages:
            delivery = Delivery(message, self._trigger, self._queues, self._terms)
            task = asyncio.create_task(delivery.settle(self._call))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _until_few_are_running(self) -> None:
        while len(self._running) > self._terms.options.new_batch_threshold:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)

    async def _call(self, data: TypedData, metadata: Mapping[str, TypedData]) -> bool:
        reason = f"New queue message detected on '{self._trigger.queue}'."
        return (await self._invoker.invoke(self._function, data, metadata, reason=reason)).succeeded
