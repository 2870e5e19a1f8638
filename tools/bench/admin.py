"""The Graph emulator's own account of what was asked of it."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.request import Request, urlopen


class Counters:
    """The counters of a running emulator. ``facts`` is the JSON line that it printed at its start."""

    def __init__(self, facts: Mapping[str, str]) -> None:
        self._url = f"{facts['admin_url']}/metrics"
        self._trusted = ssl.create_default_context(cafile=facts["ca_file"])

    def reset(self) -> None:
        """Begin at zero."""
        self._ask("POST", f"{self._url}/reset")

    def read(self) -> dict[str, Any]:
        """Everything since the last reset; see ``emulators/graph/service/metrics.py``."""
        found: dict[str, Any] = json.loads(self._ask("GET", self._url))
        return found

    def _ask(self, method: str, url: str) -> bytes:
        with urlopen(Request(url, method=method), context=self._trusted, timeout=60) as answer:  # noqa: S310 - our own emulator
            body: bytes = answer.read()
        return body
