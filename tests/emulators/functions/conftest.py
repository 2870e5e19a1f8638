"""Apps written to a folder and hosted by the real host process, on real queues."""

import itertools
import json
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulators.functions import FunctionsHost
from emulators.storage import Azurite

PREAMBLE = """
import asyncio, json, logging, os, threading, time
from typing import List
import azure.functions as func
from azure.functions import AuthLevel, FunctionApp, HttpRequest, HttpResponse, Out, QueueMessage, TimerRequest

app = FunctionApp(http_auth_level=AuthLevel.ANONYMOUS)
"""

StartApp = Callable[..., FunctionsHost]


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    with Azurite(accounts=24) as running:
        yield running


@pytest.fixture(scope="session")
def new_account(azurite: Azurite) -> Callable[[], str]:
    """The connection string of an account that nobody else uses."""
    numbers = itertools.count()
    return lambda: azurite.connection_string(next(numbers))


@pytest.fixture(scope="session")
def write_app(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes an app, whose source follows the usual imports and ``app``."""

    def write(source: str, host_json: dict[str, Any] | None = None) -> Path:
        folder = tmp_path_factory.mktemp("app")
        folder.joinpath("function_app.py").write_text(PREAMBLE + textwrap.dedent(source))
        folder.joinpath("host.json").write_text(json.dumps({"version": "2.0"} | (host_json or {})))
        return folder

    return write


@pytest.fixture(scope="module")
def start_app(write_app: Callable[..., Path]) -> Iterator[StartApp]:
    """Writes and hosts an app until the module's tests are done."""
    hosts: list[FunctionsHost] = []

    def start(
        source: str,
        host_json: dict[str, Any] | None = None,
        environment: dict[str, str] | None = None,
        **options: Any,
    ) -> FunctionsHost:
        host = FunctionsHost(write_app(source, host_json), environment, max_polling_ms=100, **options)
        hosts.append(host)
        return host.start()

    yield start
    for host in hosts:
        host.stop()


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], Any]], Any]:
    """Waits until a question has an answer that is not empty, and returns it."""

    def wait(question: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + 30
        while not (answer := question()):
            assert time.monotonic() < deadline, "it has not come about within 30 s"
            time.sleep(0.02)
        return answer

    return wait
