"""What readers of plain lists share: a page of Graph is a page of theirs, and the next link is the position."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec

from connector.access.collections import Collection
from connector.graph.paging import pages
from connector.sync.kinds.reader import Incomplete, Page, Work

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

T = TypeVar("T")
LARGEST_PAGE = 999
"""Largest ``$top`` of Graph's directory lists. https://learn.microsoft.com/graph/api/user-list#optional-query-parameters"""


async def listed(
    work: Work,
    first: Callable[[], RequestInformation],
    item: type[T],
    rows: Callable[[list[T]], Mapping[str, Sequence[msgspec.Struct]]],
) -> AsyncIterator[Page]:
    """Read a list from ``work.position`` (a next link) or from the request that ``first`` builds."""
    async for page in pages(work.session, work.position or first(), item):
        made = rows(page.value)
        yield Page(made, page.next_link, incomplete=lacking(page, made))


def lacking(page: Collection[T], tables: Iterable[str]) -> list[Incomplete]:
    """What the items of ``page`` that cannot be understood would have been: some rows of ``tables``."""
    if not page.unreadable:
        return []
    reason = f"{page.unreadable} items of a page cannot be understood: they have no id."
    return [Incomplete(table, "", "", reason) for table in tables]
