"""When a client secret ends, as its app registration tells it: a setting cannot know, and Key Vault need not.

The registration shows the first three characters of each of its secrets (``hint``).
https://learn.microsoft.com/graph/api/resources/passwordcredential
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from connector.access.decoding import NotJson, decode
from connector.graph.errors import RequestRefused

if TYPE_CHECKING:
    from connector.graph.session import GraphSession


class _Password(msgspec.Struct, rename="camel"):
    hint: str | None = None
    end_date_time: datetime | None = None


class _Registration(msgspec.Struct, rename="camel"):
    password_credentials: list[_Password] = []


def request_for(client_id: str) -> str:
    """What to GET, path and query without the version. Who may list applications may read it."""
    return f"/applications(appId='{client_id}')?$select=passwordCredentials"


def end_in(answer: bytes, hint: str, now: datetime) -> datetime | None:
    """When the secret that begins with ``hint`` ends; None where it is not there.

    Of several that begin alike, the first that has not ended counts: rather warned of early than not at all.

    Raises:
        NotJson: ``answer`` is no app registration.
    """
    ends = (one.end_date_time for one in decode(answer, _Registration).password_credentials if one.hint == hint)
    return min((end for end in ends if end is not None and end > now), default=None)


async def registered_end(session: GraphSession, hint: str, now: datetime) -> datetime | None:
    """The same, asked for; None as well where the registration is another tenant's, or may not be read.

    Raises:
        GraphError: it could not be asked.
    """
    try:
        reply = await session.get(f"{session.base_url}{request_for(session.connection.settings.client_id)}")
        return end_in(reply.body, hint, now)
    except (RequestRefused, NotJson):
        return None
