"""Where client secrets are kept: what setup asks of such a place."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from connector.setup.tenant import Kept, Password
from connector.setup.wanted import PublicCertificate

_LONGEST_MARK = 80
"""Characters. What Graph might shorten would not be recognised."""


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A client secret, the only time that it is seen. Its text is in no ``repr``."""

    key_id: str
    text: str = field(repr=False)
    ends: datetime | None = None


class NotKept(Exception):
    """A client secret could not be written.

    Attributes:
        reason: why, and what to do about it.
        certain: whether it is known not to be there.
    """

    def __init__(self, reason: Exception, *, certain: bool) -> None:
        self.reason = reason
        self.certain = certain
        super().__init__(str(reason))


class Place(Protocol):
    """Where client secrets are kept. ``described``: which, for people."""

    described: str

    async def kept(self, app_id: str, passwords: Sequence[Password]) -> Kept:
        """Which of ``passwords`` of the application are there.

        Raises:
            CredentialProblem: it cannot be read.
            SetupProblem: it is taken by something else.
        """

    async def keep(self, secret: NewSecret, app_id: str) -> None:
        """Write it; it is the one that is read from now on.

        Raises:
            NotKept: it could not be written, or nobody knows.
        """

    async def text(self) -> str:
        """The client secret that is read there; empty where there is none.

        Raises:
            CredentialProblem: it cannot be read.
        """

    async def close(self) -> None:
        """Close what is open."""


class CertificateSource(Protocol):
    """Where a certificate comes from."""

    async def certificate(self) -> PublicCertificate:
        """The certificate without its key.

        Raises:
            CredentialProblem: there is none, or it cannot be read.
            SetupProblem: it is none.
        """

    async def text(self) -> str:
        """The certificate with its key; empty where the key is not there.

        Raises:
            CredentialProblem: it cannot be read.
        """

    async def close(self) -> None:
        """Close what is open."""


def mark_of(described: str) -> str:
    """Display name of the client secrets that are made for a place: by it, one that never got there is recognised."""
    mark = f"connector setup, {described}"
    if len(mark) <= _LONGEST_MARK:
        return mark
    return f"connector setup, {hashlib.sha256(described.encode()).hexdigest()[:32]}"
