"""Pages of lists: how much is on each, and the links from one to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec

from emulators.graph.service.context import Context
from emulators.graph.service.errors import expired_page_token
from emulators.graph.service.messages import Request
from emulators.graph.service.tokens import InvalidToken


class Place(msgspec.Struct, array_like=True, frozen=True):
    """Where a page begins; what its token holds.

    Attributes:
        number: of the page, from 0.
        issued_at: when the token was made, in seconds since 1970.
        eventual: the query was an advanced one, and needs its header on every page.
        after: values of the order's columns of the last item before the page; None before the first item.
        ended: everything has been shown, and only an empty page is left.
    """

    number: int = 0
    issued_at: float = 0
    eventual: bool = False
    after: tuple[Any, ...] | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Fill:
    """How much a page shows: at most ``most`` items; ``last_is_empty``: an empty page follows the last item."""

    most: int
    last_is_empty: bool = False


def place_of(context: Context, request: Request, token: str | None) -> Place:
    """The place that a page token stands for; the beginning without one.

    Raises:
        GraphError: 400 ``Directory_ExpiredPageToken`` for tokens of another query, too old ones, and those of advanced
            queries that come without the header: it is not part of the link.
    """
    if token is None:
        return Place()
    try:
        place = msgspec.convert(context.tokens.open(_purpose(request), token), Place)
    except (InvalidToken, msgspec.ValidationError):
        raise expired_page_token() from None
    lifetime = context.variants.page_token_seconds
    if lifetime and context.clock.now() - place.issued_at > lifetime:
        raise expired_page_token()
    if place.eventual and not request.eventual and context.variants.next_link_needs_header:
        raise expired_page_token()
    return place


def fill_of(context: Context, place: Place, size: int) -> Fill:
    """How much the page at ``place`` shows when the caller may have ``size`` items."""
    variants = context.variants
    if (variants.empty_first_page and place.number == 0) or (variants.empty_pages and place.number % 2):
        return Fill(0, variants.empty_last_page)
    return Fill(max(1, size // 2) if variants.short_pages else size, variants.empty_last_page)


def next_link(context: Context, request: Request, place: Place) -> str:
    """The absolute link to the page at ``place``, with every option of the query."""
    stamped = msgspec.structs.replace(place, issued_at=context.clock.now())
    token = context.tokens.seal(_purpose(request), msgspec.to_builtins(stamped))
    options = [*_kept(request), ("$skiptoken", token)]
    query = "&".join(f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in options)
    return f"{request.base}/{quote(request.path, safe='/()=,')}?{query}"


def _kept(request: Request) -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.options if name.lower().lstrip("$") != "skiptoken"]


def _purpose(request: Request) -> str:
    kept = sorted((name.lower(), value) for name, value in _kept(request))
    return repr((request.version, request.path.lower(), kept))
