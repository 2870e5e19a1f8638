"""JSON documents: records to bytes and strictly back, and into blobs that are replaced only by who has seen the latest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from connector.storage.blobs import Blobs
from connector.storage.errors import BlobCorrupt
from connector.storage.records import Record

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Held(Generic[R]):
    """A record as it was read or written, and the ETag with which it can be replaced."""

    record: R
    etag: str


def same_etag(one: str, other: str) -> bool:
    """Whether both are the same: lists of blobs give ETags without the quotes that answers put around them."""
    return one.strip('"') == other.strip('"')


def encode(record: Record) -> bytes:
    """``record`` as indented JSON: people read these blobs, too."""
    return msgspec.json.format(msgspec.json.encode(record, order="deterministic"), indent=1)


def decode(data: bytes, kind: type[R], name: str) -> R:
    """The record in ``data``, the content of the blob ``name``.

    Raises:
        BlobCorrupt: it is not JSON, or not such a record.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BlobCorrupt(name, str(error)) from None


class Documents:
    """The documents of a container, one a blob."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    async def read(self, name: str, kind: type[R]) -> Held[R] | None:
        """The record in the blob ``name``, or None where there is none.

        Raises:
            BlobCorrupt: it is no such record.
        """
        blob = await self._blobs.read(name)
        return Held(decode(blob.data, kind, name), blob.etag) if blob else None

    async def replace(
        self, name: str, record: R, held: Held[R] | None, metadata: Mapping[str, str] | None = None
    ) -> Held[R]:
        """Write ``record``, if ``held`` still is what is there (None: nothing is).

        Raises:
            Conflict: something else is there by now.
        """
        data = encode(record)
        if held is None:
            return Held(record, await self._blobs.create(name, data, metadata=metadata))
        return Held(record, await self._blobs.replace(name, data, held.etag, metadata=metadata))
