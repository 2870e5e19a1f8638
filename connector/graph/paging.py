"""Lists, page by page, to the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from connector.access.collections import Collection
from connector.access.decoding import NotJson, decode
from connector.graph import retry
from connector.graph.errors import UnexpectedAnswer
from connector.graph.session import GraphSession

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

T = TypeVar("T")


async def pages(
    session: GraphSession,
    first: RequestInformation | str,
    item: type[T],
    *,
    heard: Callable[[Mapping[str, str]], None] | None = None,
) -> AsyncIterator[Collection[T]]:
    """Every page of a list, from ``first``: a request that a builder made, or a ``nextLink`` to go on from.

    A next page is whatever Graph names, whether or not this one holds anything: its size says nothing.

    Args:
        heard: is told the headers of every page, before it is handed over.

    Raises:
        UnexpectedAnswer: a page is no list, however often it is asked for, or it leads to a page that was read already or
            to another host. All pages before it have been handed over.
        GraphError: as :meth:`~connector.graph.session.GraphSession.get` does.
    """
    url = first if isinstance(first, str) else session.url(first)
    seen: set[str] = set()
    while True:
        seen.add(url)
        page = await _page(session, url, item, heard)
        yield page
        if page.next_link is None:
            return
        if page.next_link in seen:
            raise UnexpectedAnswer(f"The pages of {_path(session, url)} lead in a circle")
        url = page.next_link


async def _page(
    session: GraphSession, url: str, item: type[T], heard: Callable[[Mapping[str, str]], None] | None
) -> Collection[T]:
    """The page, asked for again while what comes is no page at all: gateways and proxies have such moments."""
    for attempt in range(1, retry.MOST_UNREADABLE + 1):
        reply = await session.get(url)
        try:
            page = decode(reply.body, Collection[item])  # type: ignore[valid-type]
        except NotJson as error:
            if attempt == retry.MOST_UNREADABLE:
                raise UnexpectedAnswer(
                    f"Graph answered {_path(session, url)} with something that is no list: {error}"
                ) from None
        else:
            if heard is not None:
                heard(reply.headers)
            return page
        await session.pause(retry.back_off(attempt))
    raise AssertionError("unreachable")


def _path(session: GraphSession, url: str) -> str:
    return session.target(url).partition("?")[0]
