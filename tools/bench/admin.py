"""The admin address of a Graph emulator in another process: what was asked of it, and changes to its tenant."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit


class Admin:
    """Speaks to a running emulator over one connection. ``facts`` is the JSON line that it printed at its start."""

    def __init__(self, facts: Mapping[str, str]) -> None:
        address = urlsplit(facts["admin_url"])
        self._path = address.path
        self._host = address.netloc
        self._trusted = ssl.create_default_context(cafile=facts["ca_file"])
        self._connection: HTTPConnection | None = None

    def reset(self) -> None:
        """Let the counters begin at zero."""
        self._ask("POST", "metrics/reset")

    def read(self) -> dict[str, Any]:
        """Every counter since the last reset; see ``emulators/graph/service/metrics.py``."""
        found: dict[str, Any] = json.loads(self._ask("GET", "metrics"))
        return found

    def truth(self) -> dict[str, list[dict[str, Any]]]:
        """What access there is, as tables by name."""
        found: dict[str, list[dict[str, Any]]] = json.loads(self._ask("GET", "truth"))
        return found

    def do(self, verb: str, **arguments: object) -> Any:
        """Change the tenant; what the verb returns.

        Raises:
            RuntimeError: the emulator refuses it; the text says why.
        """
        return json.loads(self._ask("POST", f"verbs/{verb}", json.dumps(arguments).encode()))["result"]

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        if self._connection is None:
            self._connection = HTTPSConnection(self._host, context=self._trusted, timeout=60)
        self._connection.request(method, f"{self._path}/{path}", body)
        with self._connection.getresponse() as answer:
            content = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {content.decode(errors='replace')}")
        return content
