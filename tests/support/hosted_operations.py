"""The operations API on a Functions host of its own: real storage, no tenant, and nobody who works on what is accepted."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import azure.functions as func

import function_app
from connector.settings import Settings
from emulators.functions import FunctionsHost
from tests.support.snapshots import make_container

APP = Path(__file__).parents[2]
TENANT = "0785ef7c-2d7a-4542-b048-95bcab406e0b"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the host answered. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class HostedOperations:
    """A host, and what it was given as environment."""

    host: FunctionsHost
    environment: Mapping[str, str]

    def ask(
        self, method: str, path: str, body: Any = None, *, key: bool = True, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Call the API, with the host key or without any. A body that is no bytes is JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.host.url}{path}", data=data, method=method)
        given = {"x-functions-key": self.host.host_key} if key else {}
        given |= {"Content-Type": "application/json"} if data is not None else {}
        for name, value in (given | dict(headers or {})).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return _answer(answer.status, answer)
        except urllib.error.HTTPError as refused:
            return _answer(refused.code, refused)


def _answer(status: int, answer: Any) -> Answer:
    return Answer(status, {name.lower(): value for name, value in answer.headers.items()}, answer.read())


@contextmanager
def hosted_operations(storage_account: str, **environment: str) -> Iterator[HostedOperations]:
    """The app on a host, with ``environment`` beside the settings that it cannot do without."""
    settings = {
        "ENTRA_TENANT_ID": TENANT,
        "ENTRA_CLIENT_ID": "1c5ff1d1-3d0f-4f0e-8a4e-6e5a7a4b7b10",
        "ENTRA_CLIENT_SECRET": "not used",
        "AzureWebJobsStorage": storage_account,
        "SYNC_SCHEDULE": "0 0 0 1 1 *",
        "INCREMENTAL_SCHEDULE": "0 0 0 1 1 *",
        "PROVISIONING_ENABLED": "true",
        **environment,
    }
    make_container(Settings.load(settings))
    with FunctionsHost(APP, settings | idle(), max_polling_ms=50) as host:
        yield HostedOperations(host, settings)


def idle() -> dict[str, str]:
    """Settings that switch off every function that is not called over HTTP."""
    app = func.FunctionApp()  # one of its own: an app tells its functions once
    for module in vars(function_app).values():
        if isinstance(blueprint := getattr(module, "blueprint", None), func.Blueprint):
            app.register_functions(blueprint)
    triggers = {str(one.get_function_name()): one.get_trigger() for one in app.get_functions()}
    return {
        f"AzureWebJobs.{name}.Disabled": "true"
        for name, trigger in triggers.items()
        if trigger and trigger.get_binding_name() != "httpTrigger"
    }
