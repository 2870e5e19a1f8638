"""The subscriptions that Graph lists: all those of the app registration in the tenant, whoever made them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec

from connector.access.base import GraphObject
from connector.access.decoding import NotJson, decode
from connector.graph.errors import UnexpectedAnswer
from connector.graph.paging import pages
from connector.graph.session import GraphSession

_ID = re.compile(r"[0-9A-Za-z_-]{1,128}")
"""Ids become part of addresses that are written to, so nothing that could lead elsewhere is one."""


class Listed(GraphObject):
    """A subscription in Graph's words. Graph need not show ``client_state``."""

    id: str
    resource: str = ""
    change_type: str = ""
    application_id: str | None = None
    notification_url: str = ""
    lifecycle_notification_url: str | None = None
    client_state: str | None = None
    expiration_date_time: datetime | None = None

    @property
    def kind(self) -> str:
        """``users`` or ``groups`` for those as we make them; with or without a slash in front."""
        return self.resource.strip("/").lower()

    @property
    def change_types(self) -> frozenset[str]:
        """What it tells of."""
        return frozenset(part.strip().lower() for part in self.change_type.split(","))

    @property
    def expires_at(self) -> datetime | None:
        """When it ends, in UTC; None where Graph did not say so that it can be understood."""
        moment = self.expiration_date_time
        return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


async def list_subscriptions(session: GraphSession) -> list[Listed]:
    """Every one of them, from all pages. What is not listed here does not exist, so half a list is none.

    Raises:
        GraphError: the list could not be read to its end.
    """
    found: list[Listed] = []
    async for page in pages(session, f"{session.base_url}/subscriptions", Listed):
        if page.unreadable or not all(_ID.fullmatch(one.id) for one in page.value):
            raise UnexpectedAnswer("Graph lists subscriptions without ids")
        found += page.value
    return found


def parse_subscription(body: bytes) -> Listed | None:
    """The subscription that Graph answers with when it has made or renewed one; None where the body is none."""
    try:
        shown = decode(body, Listed)
    except (NotJson, msgspec.DecodeError):
        return None
    return shown if _ID.fullmatch(shown.id) else None
