"""Lists, page by page, to the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, TypeVar

from connector.access.collections import Collection
from connector.access.decoding import NotJson, decode
from connector.graph.errors import UnexpectedAnswer
from connector.graph.session import GraphSession

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

T = TypeVar("T")


async def pages(session: GraphSession, first: RequestInformation | str, item: type[T]) -> AsyncIterator[Collection[T]]:
    """Every page of a list, from ``first``: a request that a builder made, or a ``nextLink`` to go on from.

    A next page is whatever Graph names, whether or not this one holds anything: its size says nothing.

    Raises:
        UnexpectedAnswer: a page is no list, or leads to a page that was read already or to another host.
        GraphError: as :meth:`~connector.graph.session.GraphSession.get` does.
    """
    url = first if isinstance(first, str) else session.url(first)
    seen: set[str] = set()
    while True:
        seen.add(url)
        page = read_page(session, url, (await session.get(url)).body, item)
        if page.next_link in seen:
            raise UnexpectedAnswer(f"the pages of {session.target(url).partition('?')[0]} lead in a circle")
        yield page
        if page.next_link is None:
            return
        url = page.next_link


def read_page(session: GraphSession, url: str, body: bytes, item: type[T]) -> Collection[T]:
    """Decode one page of the list that ``url`` asked for.

    Raises:
        UnexpectedAnswer: it is no list.
    """
    try:
        return decode(body, Collection[item])  # type: ignore[valid-type]
    except NotJson as error:
        path = session.target(url).partition("?")[0]
        raise UnexpectedAnswer(f"Graph answered {path} with something that is no list: {error}") from None
