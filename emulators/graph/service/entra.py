"""Everything under the authority: endpoints for programs, and pages for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from emulators.graph.service.messages import Reply
from emulators.graph.service.signin import SignInRequest


class Part(Protocol):
    """Serves some paths of the authority."""

    def serve(self, request: SignInRequest) -> Reply | None:
        """The answer, or None when the path is not one of its own."""
        ...


class Entra:
    """The first of its parts that knows a path answers."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = tuple(parts)

    def serve(self, request: SignInRequest) -> Reply | None:
        """The answer, or None when no part knows the path."""
        for part in self._parts:
            reply = part.serve(request)
            if reply is not None:
                return reply
        return None
