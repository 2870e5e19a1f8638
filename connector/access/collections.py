"""The envelope of every list of Graph: items, and where it goes on."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from connector.access.base import unreadable_items

T = TypeVar("T")


class Collection(msgspec.Struct, Generic[T], kw_only=True):
    """One page. ``next_link`` leads to the next page of a list or delta round, ``delta_link`` ends a delta round.

    A body without ``value`` is no page: an error in disguise must not pass for an empty list.
    """

    value: list[T]
    next_link: str | None = msgspec.field(default=None, name="@odata.nextLink")
    delta_link: str | None = msgspec.field(default=None, name="@odata.deltaLink")
    unreadable: int = unreadable_items()
