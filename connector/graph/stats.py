"""What a session has cost so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(slots=True)
class GraphStats:
    """Counters of one session, or of several that share them.

    Attributes:
        requests: HTTP requests sent to Graph, repeated ones included; a batch is one.
        batched: requests that travelled inside batches.
        throttled: answers 429, those inside batches included.
        resource_units: the currency of Graph's throttle, as Graph reports it per request (``x-ms-resource-unit``).
        bytes_received: bytes of answers, after decompression.
    """

    requests: int = 0
    batched: int = 0
    throttled: int = 0
    resource_units: int = 0
    bytes_received: int = 0

    def charge(self, status: int, headers: Mapping[str, str]) -> None:
        """Count what one answer says of itself: the request's own, or that of an item in a batch."""
        self.throttled += status == 429
        for name, value in headers.items():
            if name.lower() == "x-ms-resource-unit" and value.isascii() and value.isdigit():
                self.resource_units += int(value)

    def as_dict(self) -> dict[str, int]:
        """The counters by name, for logs and progress."""
        return asdict(self)
