"""Writes to Graph that may be sent again: what was just made may not be known everywhere yet, and answers get lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from connector.graph.errors import GraphError, RequestRefused
from connector.graph.session import GraphSession
from connector.graph.writing import Outcome, Written, write

NEWNESS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between attempts at what needs something that was made just now: a minute in all, which is more than replicas take as a rule."""
_UNKNOWN_YET = (
    "NoBackingApplicationObject",
    "does not reference a valid application",
    "Does not exist",
    "does not exist",
)


class Writer:
    """Writes with the administrator's rights.

    Attributes:
        session: the conversation with Graph.
        fresh: whether something was made just now, so that Graph may not know it everywhere.
    """

    def __init__(self, session: GraphSession) -> None:
        self.session = session
        self.fresh = False

    async def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, repeatable: bool = True
    ) -> Written:
        """Send a write, again and for a minute at most where what it names is new and unknown.

        Args:
            repeatable: as for :func:`connector.graph.writing.write`.

        Raises:
            SignInFailed: there is no token.
        """
        encoded = None if body is None else msgspec.json.encode(body)
        for wait in NEWNESS:
            written = await write(self.session, method, path, encoded, repeatable=repeatable)
            if not (self.fresh and _is_unknown_yet(written.refusal)):
                return written
            await self.session.pause(wait)
        return await write(self.session, method, path, encoded, repeatable=repeatable)

    async def do(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, done_already: str = ""
    ) -> bytes:
        """The same for what may be done twice.

        Args:
            done_already: part of the message by which Graph refuses it because it is so already, in small letters.

        Raises:
            GraphError: it was refused, or nobody knows.
        """
        written = await self.send(method, path, body)
        if written.done:
            return written.body
        refused = written.refusal
        if refused is not None and done_already and done_already in refused.message.lower():
            return b""
        raise error_of(written)


def error_of(written: Written) -> GraphError:
    """Why a write is not known to be done."""
    if written.error is None or written.outcome is Outcome.DONE:
        raise ValueError("the write is done")
    return written.error


def _is_unknown_yet(refused: RequestRefused | None) -> bool:
    if refused is None:
        return False
    return refused.not_found or (refused.status == 400 and any(part in refused.message for part in _UNKNOWN_YET))
