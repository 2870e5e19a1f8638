"""The handshake: before Graph sends notifications to an address, it asks there for a token to be given back.

Anybody can ask so, in any browser. So what is given back is plain text, escaped, short, and not to be taken for anything else.
https://learn.microsoft.com/graph/change-notifications-delivery-webhooks#notificationurl-validation
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from types import MappingProxyType

_LONGEST_TOKEN = 1024
"""Characters. Graph's own have about a hundred."""

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "no-store",
    }
)
"""Headers that keep browsers from making more of the text than text."""


def answer_to(token: str) -> str | None:
    """What to answer to ``token``, which has been decoded once; None where it is none.

    Graph's tokens hold nothing that escaping would change.
    """
    if not token or len(token) > _LONGEST_TOKEN or not token.isprintable():
        return None
    return html.escape(token)
