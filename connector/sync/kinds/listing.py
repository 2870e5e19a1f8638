"""What readers of plain lists share: a page of Graph is a page of theirs, and the next link is the position."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec

from connector.graph.paging import pages
from connector.sync.kinds.reader import Page, Work

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
        yield Page(rows(page.value), page.next_link)
