"""One invocation from beginning to end: log, run, time limit, outputs."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from azure.core.exceptions import AzureError

from emulators.functions import protos
from emulators.functions.bindings import Function
from emulators.functions.outputs import send_outputs
from emulators.functions.protos import ParameterBinding, TypedData
from emulators.functions.storagequeues import StorageQueues, brief
from emulators.functions.worker import TimedOut, Worker, current_invocation


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an invocation ended; ``value`` is what an HTTP function has returned."""

    succeeded: bool
    value: TypedData | None = None


class Invoker:
    """Runs functions on the worker, as many at a time as are asked for.

    Args:
        worker: Microsoft's worker library with the app loaded.
        queues: where queue outputs go.
        timeout: ``functionTimeout``; None for no limit.
    """

    def __init__(self, worker: Worker, queues: StorageQueues, timeout: timedelta | None) -> None:
        self._worker = worker
        self._queues = queues
        self._timeout = timeout
        self._running: dict[str, str] = {}
        self._tasks: set[asyncio.Task[Outcome]] = set()

    def current_function(self) -> str | None:
        """The name of the function whose code is running where this is called, or None."""
        invocation = current_invocation()
        return self._running.get(invocation) if invocation else None

    async def invoke(
        self, function: Function, data: TypedData, metadata: Mapping[str, TypedData], *, reason: str
    ) -> Outcome:
        """Run ``function`` with the trigger's data. Never raises for what the function does: that is in the outcome.

        Once begun, an invocation goes on though its caller is cancelled, as when the host stops and lets it finish.
        """
        task = asyncio.create_task(self._invoke(function, data, metadata, reason))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def finish(self, grace: timedelta) -> bool:
        """Wait until nothing runs, for ``grace`` at most. Tells whether nothing does."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace.total_seconds())
        return not self._tasks

    async def _invoke(
        self, function: Function, data: TypedData, metadata: Mapping[str, TypedData], reason: str
    ) -> Outcome:
        invocation = str(uuid.uuid4())
        log = logging.getLogger(f"Function.{function.name}")
        log.info("Executing 'Functions.%s' (Reason='%s', Id=%s)", function.name, reason, invocation)
        began = time.monotonic()
        self._running[invocation] = function.name
        try:
            outcome = await self._run(function, invocation, data, metadata, log)
        finally:
            del self._running[invocation]
        log.log(
            logging.INFO if outcome.succeeded else logging.ERROR,
            "Executed 'Functions.%s' (%s, Id=%s, Duration=%dms)",
            function.name,
            "Succeeded" if outcome.succeeded else "Failed",
            invocation,
            (time.monotonic() - began) * 1000,
        )
        return outcome

    async def _run(
        self,
        function: Function,
        invocation: str,
        data: TypedData,
        metadata: Mapping[str, TypedData],
        log: logging.Logger,
    ) -> Outcome:
        inputs = [ParameterBinding(function.trigger.parameter, data)]
        try:
            response = await self._worker.invoke(function.id, invocation, inputs, metadata, self._timeout)
            if response.result.status != protos.StatusResult.Success:
                failure = response.result.exception
                text = f"{failure.message}\n{failure.stack_trace}".rstrip() if failure else "no reason was given"
                log.error("%s", text)
                return Outcome(succeeded=False)
            await send_outputs(function, response, self._queues)
        except TimedOut as error:
            log.error("%s", error)
            return Outcome(succeeded=False)
        except AzureError as error:
            log.error("An output could not be sent: %s", brief(error))
            return Outcome(succeeded=False)
        return Outcome(succeeded=True, value=response.return_value)
