"""What a process needs only once to speak to Graph: the token, the HTTP connections, and the sense of what Graph allows.

The steps of a sync that run in one worker at the same time, and one after another, share a connection: they sign in once, and the
limiter sees all of what they spend.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

from connector.credentials import SignIn, open_credential
from connector.credentials.attempts import Attempts
from connector.credentials.tls import shared_trust, trust
from connector.graph.clock import Clock
from connector.graph.limiter import Limiter
from connector.graph.tokens import Told, sign_in
from connector.graph.transport import open_adapter, open_client
from connector.settings import Settings

if TYPE_CHECKING:
    import httpx
    from msgraph.graph_request_adapter import GraphRequestAdapter


class GraphConnection:
    """Signed in to one tenant with one application. An async context manager.

    Attributes:
        limiter: what keeps everything that uses the connection within the resource units that Graph grants.
        token_number: how often it has signed in, which tells one access token from the next.
        told: what the token tells of the application.
        noted: what of the credential (what it is, when it ends) its user has written down; None before.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        opening: Callable[[Settings, ssl.SSLContext], SignIn] = open_credential,
    ) -> None:
        """Prepare a connection; nothing is sent before it is entered.

        Args:
            settings: tenant, credential and endpoint.
            clock: how the limiter tells the time.
            opening: opens what it signs in with, which it closes; by default what the settings choose.
        """
        self.settings = settings
        self._open_credential = opening
        self.limiter = Limiter(clock or Clock(), share=settings.graph_budget_percent / 100)
        self.token_number = 0
        self.told = Told()
        self.noted: tuple[str, datetime | None] | None = None
        self._signing_in = Attempts()
        self._credential: SignIn | None = None
        self._http: httpx.AsyncClient | None = None
        self._adapter: GraphRequestAdapter | None = None

    async def __aenter__(self) -> Self:
        """Open the connection pool and sign in.

        Raises:
            SignInFailed: Microsoft Entra ID issues no token.
            GraphUnreachable: its sign-in endpoint cannot be asked.
        """
        ca_file = self.settings.ca_file
        try:
            self._credential = self._open_credential(self.settings, shared_trust(ca_file))
            self._http = open_client(trust(ca_file))
            self._adapter = open_adapter(self.settings, self._credential, self._http)
            await self._sign_in(self._credential)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close what is open; closing twice does no harm."""
        if self._http is not None:
            await self._http.aclose()
        if self._credential is not None:
            await self._credential.close()
        self._http = self._credential = self._adapter = None

    @property
    def adapter(self) -> GraphRequestAdapter:
        """msgraph-sdk's adapter, while the connection is open."""
        if self._adapter is None:
            raise RuntimeError("the session is not open: use it in 'async with'")
        return self._adapter

    @property
    def credential(self) -> SignIn:
        """What it signs in with, while the connection is open."""
        if self._credential is None:
            raise RuntimeError("the connection is not open: use it in 'async with'")
        return self._credential

    async def renew_token(self, refused: int) -> None:
        """Sign in again because Graph has refused the token with number ``refused``: it was revoked, or has expired early. The secret or
        certificate is read anew for it.

        Requests that were refused together renew it once; where that fails, it fails for all of them.

        Raises:
            SignInFailed: Microsoft Entra ID issues no other.
            GraphUnreachable: its sign-in endpoint cannot be asked.
        """
        async with self._signing_in.turn():
            if self.token_number == refused and self._credential is not None:
                await self._credential.renew()
                await self._sign_in(self._credential)

    async def _sign_in(self, credential: SignIn) -> None:
        """Get a token from Microsoft Entra ID, and see what it tells."""
        self.told = await sign_in(credential, self.settings)
        self.token_number += 1


class SharedConnection:
    """The connection of a process: opened by the first who needs it, used by everyone with the same settings."""

    def __init__(self) -> None:
        self._connection: GraphConnection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening: Attempts | None = None

    async def open(self, settings: Settings) -> GraphConnection:
        """The connection for ``settings``. Nobody who gets it closes it.

        Raises:
            SignInFailed: Microsoft Entra ID issues no token; whoever comes after that tries again.
            GraphUnreachable: its sign-in endpoint cannot be asked.
        """
        loop = asyncio.get_running_loop()
        if self._loop is not loop or self._opening is None:  # connections and locks belong to one event loop
            self._loop, self._opening, self._connection = loop, Attempts(), None
        async with self._opening.turn():
            if self._connection is None or self._connection.settings != settings:
                self._connection = await GraphConnection(settings).__aenter__()
            return self._connection

    async def close(self) -> None:
        """Close it, where it was opened: for a process that ends in an orderly way."""
        if self._connection is not None:
            await self._connection.close()
        self._connection = None
