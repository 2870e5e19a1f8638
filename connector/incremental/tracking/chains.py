"""One delta chain, followed from its cursor to its end: nothing of it counts before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from connector.graph.errors import RequestRefused, SyncStateLost, UnexpectedAnswer
from connector.graph.paging import pages
from connector.graph.session import GraphSession

MOST_ITEMS = 200_000
"""Items of a chain that are followed: users of 3 kB each take 0.6 GB until the chain has ended. A full sync reads more with bounded memory,
and goes on where it was interrupted."""


class CursorLost(Exception):
    """Graph does not go on from a cursor, or going on from it would be of no use. The message says why, for people."""


@dataclass(slots=True)
class Chain:
    """What a chain brought.

    Attributes:
        items: everything on its pages, in order.
        link: from where the next one goes on.
        heard_at: Graph's clock when it ended; None where the answer did not tell.
    """

    items: list[dict[str, Any]] = field(default_factory=list)
    link: str = ""
    heard_at: datetime | None = None


async def follow(session: GraphSession, cursor: str) -> Chain:
    """Follow the chain that begins at the delta link ``cursor``. Begun once more where its pages expire on the way.

    Raises:
        CursorLost: Graph does not know the cursor any more, or the chain has more than :data:`MOST_ITEMS`.
        GraphError: the chain cannot be read, or must be read later.
    """
    for again in (True, False):
        chain = Chain()
        try:
            return await _followed(session, cursor, chain)
        except SyncStateLost as lost:
            if not chain.link:
                raise CursorLost(str(lost)) from lost
            if not again:
                raise UnexpectedAnswer("Graph forgets the pages of a delta query before they can be read") from lost
        except RequestRefused as refused:
            # What Graph does not accept today of a link that it made itself, it will not accept tomorrow.
            if refused.status == 400 and not chain.link:
                raise CursorLost(str(refused)) from refused
            raise
    raise AssertionError("unreachable")


async def _followed(session: GraphSession, cursor: str, chain: Chain) -> Chain:
    def heard(headers: Mapping[str, str]) -> None:
        chain.heard_at = _date(headers)

    async for page in pages(session, cursor, dict[str, Any], heard=heard):
        if page.unreadable:
            raise UnexpectedAnswer("Graph answered a delta query with items that are none")
        chain.items += page.value
        if len(chain.items) > MOST_ITEMS:
            raise CursorLost(f"more than {MOST_ITEMS:,} changes have come at once; reading everything costs less")
        chain.link = page.next_link or page.delta_link or ""
        session.target(chain.link)
        if page.next_link is None and page.delta_link is None:
            raise UnexpectedAnswer("Graph ended a delta query without saying where to go on")
    return chain


def _date(headers: Mapping[str, str]) -> datetime | None:
    said = next((value for name, value in headers.items() if name.lower() == "date"), None)
    try:
        return parsedate_to_datetime(said).astimezone(UTC) if said else None
    except ValueError:
        return None
