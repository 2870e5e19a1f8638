"""Bodies of notifications into types. They come from anybody who knows the address, so everything has a limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec

MOST_BYTES = 4 << 20
"""Longest body that is looked at; Graph itself accepts no larger requests. A hundred notifications have some 60 kB."""

MOST_ITEMS = 1000
"""Most notifications in a body. Graph sends up to a hundred or so."""

_MOST_COMMAS = 150 * MOST_ITEMS
"""Most commas in a body, counted before anything is made of it: one of nothing but ``1,1,1`` has two million items, which would
cost a hundred megabytes before they are counted. Four megabytes of members that left a group have fewer: two in 66 bytes."""

_Short = Annotated[str, msgspec.Meta(max_length=128)]
_State = Annotated[str, msgspec.Meta(max_length=255)]  # older documents allow Graph 255; ours have 43


class Refused(Exception):
    """The body as a whole is not one of notifications; ``status`` is the answer, ``reason`` a word for the log."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Item(msgspec.Struct, rename="camel", frozen=True):
    """One notification, as far as it matters: *look*. What changed, delta tells; what is said of it here is not even read.

    Attributes:
        lifecycle_event: what happens to the subscription itself; None where the notification is of a change.
    """

    subscription_id: _Short
    tenant_id: _Short
    client_state: _State | None = None
    lifecycle_event: _Short | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """The notifications of a body, and how many are none."""

    items: list[Item]
    malformed: int


class _Body(msgspec.Struct):
    value: list[msgspec.Raw]


def check_type(content_type: str | None) -> None:
    """Check the header ``Content-Type``.

    Raises:
        Refused: 415: it does not announce JSON.
    """
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refused(415, "content_type")


def parse(body: bytes) -> Parsed:
    """The notifications in ``body``. One that is malformed does not lose the others.

    Raises:
        Refused: 413: too long, or too many; 400: no JSON, nested too deeply, no list of notifications, or none of them is one.
    """
    if len(body) > MOST_BYTES:
        raise Refused(413, "too_long")
    if body.count(b",") > _MOST_COMMAS:
        raise Refused(413, "too_many")
    try:
        raw = _decode_body(body).value
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused(400, "not_notifications") from None
    except RecursionError:
        raise Refused(400, "nested_too_deeply") from None
    if len(raw) > MOST_ITEMS:
        raise Refused(413, "too_many")
    items = [item for item in map(_item, raw) if item is not None]
    if raw and not items:
        raise Refused(400, "not_notifications")
    return Parsed(items, len(raw) - len(items))


def _item(raw: msgspec.Raw) -> Item | None:
    try:
        return _decode_item(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


_decode_body = msgspec.json.Decoder(_Body).decode
_decode_item = msgspec.json.Decoder(Item).decode
