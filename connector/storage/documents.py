"""JSON documents: records to bytes and strictly back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

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
