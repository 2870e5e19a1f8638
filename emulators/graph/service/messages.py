"""What goes through the dispatcher: one request of Graph, alone or inside a batch, and its answer."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

JSON_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as the access token says.

    Attributes:
        app_id: the application.
        object_id: its service principal, or the person for whom it acts.
        roles: application permissions, or the scopes that it has for the person.
        expires_at: when the token does.
        delegated: whether it acts for a person.
    """

    app_id: str
    object_id: str
    roles: frozenset[str]
    expires_at: float = math.inf
    delegated: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """One request of Graph, parsed.

    Attributes:
        method: in capitals.
        version: ``v1.0`` or ``beta``.
        path: decoded, without version and without slashes at the ends.
        options: the query, in order; names as the caller spelled them.
        headers: names in lower case.
        root: ``https://host:port``, which links begin with.
    """

    method: str
    version: str
    path: str
    options: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    root: str
    caller: Caller | None = None

    @property
    def base(self) -> str:
        """``https://host:port/v1.0`` or ``…/beta``."""
        return f"{self.root}/{self.version}"

    @property
    def segments(self) -> tuple[str, ...]:
        """The parts of the path."""
        return tuple(self.path.split("/"))

    @property
    def eventual(self) -> bool:
        """Whether the caller accepts the eventually consistent index, which advanced queries need."""
        return self.headers.get("consistencylevel", "").lower() == "eventual"

    @property
    def minimal(self) -> bool:
        """Whether only changed properties are wanted in answers to delta links."""
        return "return=minimal" in self.headers.get("prefer", "").replace(" ", "").lower()


@dataclass(slots=True)
class Reply:
    """An answer. ``body`` is anything that ``msgspec`` can encode; None for no content.

    ``delay_seconds``: how long it is held back, because a fault asked for it.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    later: Callable[[], Awaitable[Reply]] | None = None  # makes the answer, where that takes waiting for someone else
    delay_seconds: float = 0

    def content(self) -> bytes:
        """The body as it goes over the wire; bytes, such as those of a page, as they are."""
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else msgspec.json.encode(self.body)


def split_target(target: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Split a relative address into its decoded path, without slashes at the ends, and its query.

    ``+`` stands for a blank in a query, as browsers send it and as Graph reads it.
    """
    parts = urlsplit(target)
    pairs = (part.partition("=") for part in parts.query.split("&") if part)
    options = tuple((_decoded(name), _decoded(value)) for name, _, value in pairs)
    return unquote(parts.path).strip("/"), options


def _decoded(text: str) -> str:
    return unquote(text.replace("+", " "))
