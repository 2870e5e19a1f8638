"""What all documents in storage have in common. Times are UTC; unknown fields are refused, so that nothing is half understood."""

from __future__ import annotations

import msgspec

SCHEMA_VERSION = 2
"""Version of the tables of a snapshot and of the documents here. A reader refuses what is newer than itself."""


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every document and part of one has in common."""


class Traffic(Record, frozen=True, kw_only=True):
    """What was asked of Graph: calls, resource units, calls answered 429, and bytes of response bodies."""

    requests: int = 0
    resource_units: int = 0
    throttled: int = 0
    bytes: int = 0

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(
            requests=self.requests + other.requests,
            resource_units=self.resource_units + other.resource_units,
            throttled=self.throttled + other.throttled,
            bytes=self.bytes + other.bytes,
        )
