"""The calls to Microsoft's worker library, which indexes the app and runs each invocation.

The worker has an event loop in a thread of its own, as it has a process of its own under the real host: a function that
blocks its loop blocks other ``async`` functions, as it would there, but not the host's HTTP server, timers and queues.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from azure_functions_runtime import handle_event
from azure_functions_runtime.bindings.context import _invocation_id_local
from azure_functions_runtime.utils.executor import invocation_id_cv
from azure_functions_runtime.utils.threadpool import start_threadpool_executor

from emulators.functions import protos
from emulators.functions.errors import HostRefused
from emulators.functions.protos import InvocationResponse, ParameterBinding, RpcFunctionMetadata, TypedData


class TimedOut(Exception):
    """The invocation ran longer than ``functionTimeout``."""

    def __init__(self, limit: timedelta) -> None:
        super().__init__(f"Timeout value of {limit} was exceeded by the function.")


class Worker:
    """Microsoft's worker library, with one app loaded. One a process: the library keeps its state in globals."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="worker", daemon=True)

    async def start(self, app: Path) -> Sequence[RpcFunctionMetadata]:
        """Load ``function_app.py`` of the folder ``app`` and return the functions in it.

        Raises:
            HostRefused: the app cannot be loaded; the problem holds the worker's message and stack trace.
        """
        sys.path.insert(0, str(app))
        self._thread.start()
        start_threadpool_executor()
        if not (app / "function_app.py").exists():
            raise HostRefused([f"{app} holds no function_app.py; only the v2 programming model is supported."])
        init = SimpleNamespace(capabilities={}, function_app_directory=str(app))
        response = await self._call(handle_event.worker_init_request, worker_init_request=init)
        if response.result.status != protos.StatusResult.Success:
            failure = response.result.exception
            raise HostRefused([f"function_app.py cannot be loaded: {failure.message}\n{failure.stack_trace}".rstrip()])
        metadata = await self._call(handle_event.functions_metadata_request)
        return metadata.function_metadata_results or ()

    async def invoke(
        self,
        function_id: str,
        invocation_id: str,
        inputs: Sequence[ParameterBinding],
        metadata: Mapping[str, TypedData],
        limit: timedelta | None,
    ) -> InvocationResponse:
        """Run one invocation to its end.

        An ``async`` function that passes ``limit`` is cancelled. A synchronous one cannot be: its thread goes on, and
        what it returns is dropped.

        Raises:
            TimedOut: it ran longer than ``limit``.
        """
        request = SimpleNamespace(
            invocation_id=invocation_id,
            function_id=function_id,
            input_data=inputs,
            trigger_metadata=metadata,
            trace_context=SimpleNamespace(trace_parent="", trace_state="", attributes={}),
            retry_context=SimpleNamespace(retry_count=0, max_retry_count=0, exception=None),
        )
        future = self._submit(handle_event.invocation_request, invocation_id, invocation_request=request)
        try:
            async with asyncio.timeout(limit.total_seconds() if limit else None):
                response: InvocationResponse = await asyncio.wrap_future(future)
        except TimeoutError as error:
            if limit is None:
                raise
            raise TimedOut(limit) from error
        return response

    def stop(self) -> None:
        """End the worker's loop. Threads of functions that still run are left to end with the process."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=1)

    async def _call(self, handler: Any, **content: Any) -> Any:
        return await asyncio.wrap_future(self._submit(handler, None, **content))

    def _submit(self, handler: Any, invocation_id: str | None, **content: Any) -> Future[Any]:
        request = SimpleNamespace(
            request=SimpleNamespace(**content), properties={"protos": protos, "host": "127.0.0.1"}
        )

        async def run() -> Any:
            invocation_id_cv.set(invocation_id)  # the task's own context: tells log records apart
            return await handler(request)

        return asyncio.run_coroutine_threadsafe(run(), self._loop)


def current_invocation() -> str | None:
    """The id of the invocation whose code is running here: in its task, its thread, or a thread that it has marked."""
    return invocation_id_cv.get() or getattr(_invocation_id_local, "invocation_id", None)
