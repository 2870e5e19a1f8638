"""What proves an identity to Microsoft Entra ID, and how it is replaced while the connector runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from connector.credentials.errors import CertificateNotInForce, CredentialProblem, SourceSilent
from connector.credentials.expiring import has_expired
from connector.logs import log_event

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncSupportsTokenInfo

_logger = logging.getLogger(__name__)

READ_AGAIN = timedelta(hours=1)
"""How old a secret or certificate may be when it is used. A new token takes it about once an hour anyway, so that Key Vault (which
allows thousands of requests in ten seconds) is asked once a token, and an old version is out of use within the hour after a rotation. What
cannot wait is not waited for: what Entra ID refuses is read anew at once."""
BEFORE_END = timedelta(minutes=10)
"""How long before its end it is read anew, however young: a successor may be there."""
TRY_AGAIN = timedelta(minutes=5)
"""How long what is held is used before its source is asked again, where that failed or there was no successor yet."""
_PATIENCE_S = 100.0
"""Seconds for reading it, however long Key Vault wants to be left alone (``Retry-After``)."""


class Proof(Protocol):
    """What proves an identity. Not to be used by several at once."""

    @property
    def expires_at(self) -> datetime | None:
        """When it ends, as far as is known."""

    async def credential(self) -> AsyncSupportsTokenInfo:
        """What fetches tokens with it.

        Raises:
            CredentialProblem: there is nothing that can be used.
        """

    async def another(self) -> AsyncSupportsTokenInfo | None:
        """What else there is, now that Entra ID refuses what :meth:`credential` gave; None where nothing is."""

    def secrets(self) -> tuple[str, ...]:
        """What nobody may see, as text."""

    def forget(self) -> None:
        """Make what fetches tokens anew, from what is read anew."""

    async def close(self) -> None:
        """Close what is open."""


class Platform:
    """An identity that the platform vouches for: there is nothing to read."""

    expires_at: datetime | None = None

    def __init__(self, make: Callable[[], AsyncSupportsTokenInfo], closing: Sequence[Callable[[], Awaitable[None]]]):
        """``make`` what fetches tokens; ``closing`` it is what to close at the end."""
        self._make = make
        self._closing = closing
        self._credential = make()

    async def credential(self) -> AsyncSupportsTokenInfo:
        """The same every time."""
        return self._credential

    async def another(self) -> None:
        """Nothing."""

    def secrets(self) -> tuple[str, ...]:
        """None: tokens of others are not kept here."""
        return ()

    def forget(self) -> None:
        """With its tokens."""
        self._credential = self._make()

    async def close(self) -> None:
        """Close its connections."""
        for close in self._closing:
            await close()


@dataclass(frozen=True, slots=True)
class Value:
    """A secret, or a certificate with its key, as its source has it.

    Attributes:
        data: the secret itself, or the certificate as PEM or PKCS#12.
        expires_at: when its source says that it ends.
    """

    data: bytes = field(repr=False)
    expires_at: datetime | None = None


class Source(Protocol):
    """Where a secret or certificate comes from. ``described`` says it, for people."""

    described: str

    async def read(self) -> Value:
        """What is there now.

        Raises:
            CredentialProblem: nothing, or it cannot be read.
        """

    async def read_earlier(self) -> Value | None:
        """What was there before, where that is kept and can be read."""

    async def close(self) -> None:
        """Close what is open."""


@dataclass(frozen=True, slots=True)
class Made:
    """What fetches tokens with a value, and when that value ends."""

    credential: AsyncSupportsTokenInfo
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Held:
    value: Value
    made: Made


class Replaceable:
    """A secret or certificate that may be replaced where it came from."""

    def __init__(
        self,
        source: Source,
        make: Callable[[Value], Made],
        close: Callable[[], Awaitable[None]],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            source: where it comes from.
            make: what fetches tokens with it; raises CredentialProblem where it cannot be used.
            close: closes the connections to Entra ID.
            now: how to tell the time, with its zone.
        """
        self._source = source
        self._make = make
        self._close = close
        self._now = now
        self._held: _Held | None = None
        self._before: _Held | None = None
        self._due: datetime = datetime.min.replace(tzinfo=UTC)
        self._forgotten = False

    @property
    def expires_at(self) -> datetime | None:
        """When what was read last ends."""
        return self._held.made.expires_at if self._held else None

    async def credential(self) -> AsyncSupportsTokenInfo:
        """What fetches tokens with what is there; read again where that is due."""
        held = self._held
        if held is None or self._forgotten or self._now() >= self._due:
            held = await self._read()
        return held.made.credential

    async def another(self) -> AsyncSupportsTokenInfo | None:
        """What is there by now, or what was there before: Entra ID takes minutes to know a new secret everywhere, and the old one is still
        good for that long. A process that has begun since then asks its source for the old one."""
        before, held = self._held, await self._read()
        if before is None or held.value.data != before.value.data:
            return held.made.credential
        if self._before is None:
            self._before = await self._earlier(held)
        if self._before is None:
            return None
        log_event(_logger, "credential_kept", level=logging.WARNING, source=self._source.described)
        return self._before.made.credential

    def secrets(self) -> tuple[str, ...]:
        """What nobody may see, as text."""
        held = [one.value.data for one in (self._held, self._before) if one]
        return tuple(data.decode(errors="ignore") for data in held)

    def forget(self) -> None:
        """Read it anew the next time; what is held stays for the case that nothing can be read."""
        self._forgotten = True

    async def close(self) -> None:
        """Close the connections to its source and to Entra ID."""
        await self._source.close()
        await self._close()

    async def _read(self) -> _Held:
        """What is there now; what is held, where that cannot be read or used and what is held can."""
        try:
            value = await self._ask_source()
            made = None if self._holds(value) else self._make(value)
        except CredentialProblem as problem:
            held = self._held
            if held is None or (isinstance(problem, CertificateNotInForce) and self._is_over(held)):
                raise
            self._due = self._now() + TRY_AGAIN
            facts: dict[str, Any] = {"source": self._source.described, "problem": str(problem)}
            log_event(_logger, "credential_not_read", level=logging.WARNING, **facts)
            value, made = held.value, None
        else:
            self._due = self._when_due(made.expires_at if made else self.expires_at)
        return self._take(value, made)

    async def _ask_source(self) -> Value:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._source.read()
        except TimeoutError:
            raise SourceSilent(self._source.described, _PATIENCE_S) from None

    async def _earlier(self, held: _Held) -> _Held | None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                value = await self._source.read_earlier()
            if value is None or value.data == held.value.data:
                return None
            earlier = _Held(value, self._make(value))
        except (CredentialProblem, TimeoutError):
            return None
        return None if self._is_over(earlier) else earlier

    def _holds(self, value: Value) -> bool:
        return self._held is not None and self._held.value == value and not self._is_over(self._held)

    def _is_over(self, held: _Held) -> bool:
        return has_expired(held.made.expires_at, self._now())

    def _take(self, value: Value, made: Made | None) -> _Held:
        """Hold ``value``; where it was held before, with what was made of it, unless that was to be forgotten."""
        held = self._held
        if held is not None and held.value != value:
            self._before = held
            log_event(_logger, "credential_replaced", source=self._source.described)
        if made is None and held is not None and not self._forgotten:
            return held
        self._forgotten = False
        self._held = _Held(value, made or self._make(value))
        return self._held

    def _when_due(self, ends: datetime | None) -> datetime:
        now = self._now()
        if ends is None:
            return now + READ_AGAIN
        return min(now + READ_AGAIN, max(ends - BEFORE_END, now + TRY_AGAIN))
