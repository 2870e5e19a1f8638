"""The envelope of every list of Graph: items, and where it goes on."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Collection(msgspec.Struct, Generic[T], kw_only=True):
    """One page. ``next_link`` leads to the next page of a list or delta round, ``delta_link`` ends a delta round."""

    value: list[T] = []
    next_link: str | None = msgspec.field(default=None, name="@odata.nextLink")
    delta_link: str | None = msgspec.field(default=None, name="@odata.deltaLink")
