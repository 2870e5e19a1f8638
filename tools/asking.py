"""Operations asked for over HTTP, as another system would, and read until they have ended."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from emulators.functions import FunctionsHost
from tools.following import PATIENCE

_LOOK_EVERY = 0.05  # seconds; finer than what is measured
_OPEN = ("accepted", "scheduled", "running", "waiting")

Body = Mapping[str, Any]


class Asking:
    """Asks the function app of ``host`` over one connection, with the host's key. A context manager."""

    def __init__(self, host: FunctionsHost) -> None:
        self._connection = HTTPConnection(urlsplit(host.url).netloc, timeout=PATIENCE)
        self._headers = {"Content-Type": "application/json", "x-functions-key": host.host_key}

    def __enter__(self) -> Asking:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, body: Body, key: str = "") -> dict[str, Any]:
        """Ask for one operation, under an ``Idempotency-Key`` if there is one.

        Raises:
            RuntimeError: it was not accepted; the text is the problem document.
        """
        found: dict[str, Any] = self._call("POST", "", body, {"Idempotency-Key": key} if key else {})
        return found

    def ask_many(self, bodies: Sequence[Body]) -> list[dict[str, Any]]:
        """Ask for a list of operations. Raises as :meth:`ask`."""
        found: list[dict[str, Any]] = self._call("POST", "", bodies)["operations"]
        return found

    def read(self, operation_id: str) -> dict[str, Any]:
        """An operation as it stands."""
        found: dict[str, Any] = self._call("GET", f"/{operation_id}")
        return found

    def ended(self, operation_id: str) -> dict[str, Any]:
        """An operation, once it has ended.

        Raises:
            SystemExit: it does not end.
        """
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = self.read(operation_id)
            if found["status"] not in _OPEN:
                return found
            time.sleep(_LOOK_EVERY)
        raise SystemExit(f"Operation {operation_id} did not end within {PATIENCE} seconds.")

    def _call(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
        sent = None if body is None else json.dumps(body).encode()
        self._connection.request(method, f"/api/operations{path}", sent, {**self._headers, **(headers or {})})
        with self._connection.getresponse() as answer:
            content = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} operations{path}: {answer.status} {content.decode(errors='replace')}")
        return json.loads(content)
