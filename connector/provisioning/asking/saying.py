"""Who asked, in sentences."""

from __future__ import annotations

from connector.storage.records import Requester

_WHO = {
    "function_key": "somebody with a function key",
    "queue": "another system, through the queue",
    "command_line": "somebody at the command line",
    "connector": "the connector itself",
    "entra": "a caller",
}


def who(requester: Requester) -> str:
    """``requester`` for people."""
    named = requester.name or requester.id
    known = _WHO.get(requester.kind, "somebody")
    return f"{known} ({named})" if named else known


def asked_for(requester: Requester) -> str:
    """That it was asked for."""
    return f"Asked for by {who(requester)}."
