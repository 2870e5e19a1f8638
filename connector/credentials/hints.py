"""How a client secret begins: what its app registration shows of it (``hint``), by which its secrets can be told apart.

https://learn.microsoft.com/graph/api/resources/passwordcredential
"""

from __future__ import annotations

_CHARACTERS = 3


def hint_of(secret: str) -> str:
    """The part of ``secret`` that is shown; empty where there is no secret."""
    return secret[:_CHARACTERS]
