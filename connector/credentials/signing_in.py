"""What signs in: one object for whatever the settings choose, to which every client of Microsoft's SDKs can be given."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from connector.credentials.attempts import Attempts
from connector.credentials.errors import CredentialProblem, SignInRefused
from connector.credentials.expiring import expiry_warning, has_expired
from connector.credentials.hints import hint_of
from connector.credentials.proofs import Proof
from connector.logs import log_event
from connector.settings import Auth

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions
    from azure.core.credentials_async import AsyncSupportsTokenInfo

Tokens: TypeAlias = "dict[tuple[object, ...], AccessTokenInfo]"
"""Tokens by what they are for."""

_logger = logging.getLogger(__name__)

_BEFORE_END = 300.0
"""Seconds before its end at which a token is replaced, as azure-identity does it."""
_PATIENCE = 100.0
"""Seconds for a token, however long whoever is asked wants to be left alone (``Retry-After``). The endpoint of managed identities on virtual
machines may take 75 s while it is being updated, for which azure-identity waits."""
_TOLD_AGAIN = timedelta(days=1)
"""How often a process says that what it signs in with ends soon."""


class SignIn:
    """Signs in as one identity: a credential as Microsoft's SDKs take them (``AsyncTokenCredential``), and an async context manager.

    Tokens are kept until shortly before they end. Whoever asks while one is being fetched waits for that one, or for its failure. Where what proves the
    identity can be replaced (in Key Vault, in a file), it is read anew when it is due, and at once when Microsoft Entra ID refuses it.

    Attributes:
        auth: how it signs in; AUTO for a developer's own sign-in.
        described: what it signs in with and where that came from, for people and without a secret.
    """

    def __init__(
        self,
        auth: Auth,
        described: str,
        proof: Proof,
        problem: Callable[[Exception], CredentialProblem],
        *,
        kept: Tokens | None = None,
    ) -> None:
        """Prepare; nothing is sent or read before the first token is asked for.

        Args:
            auth: how it signs in.
            described: the same for people.
            proof: what proves the identity.
            problem: what an exception of azure-identity means.
            kept: where tokens are kept, for who opens the same identity again and again; a place of its own by default.
        """
        self.auth = auth
        self.described = described
        self._proof = proof
        self._problem = problem
        self._tokens: Tokens = {} if kept is None else kept
        self._asking = Attempts()
        self._claimed: dict[tuple[object, ...], tuple[int, str]] = {}
        self._fetched = 0
        self._told: tuple[datetime | None, datetime] | None = None
        self._learned: dict[str, datetime | None] = {}

    @property
    def expires_at(self) -> datetime | None:
        """When the secret or certificate ends (UTC); None before the first token, and where it does not end or nobody knows."""
        return self._proof.expires_at or self._learned.get(self._hint)

    @property
    def hint_to_ask(self) -> str:
        """How the client secret begins of which nobody has told yet when it ends, to ask its app registration; empty for all else."""
        known = self._proof.expires_at is not None or self._hint in self._learned
        return "" if known else self._hint

    def learn_end(self, hint: str, ends: datetime | None) -> None:
        """What the app registration tells of the secret that begins with ``hint``; None: nothing, so nobody asks again."""
        self._learned[hint] = ends
        self._tell()

    @property
    def _hint(self) -> str:
        """How the client secret begins; empty where there is none, or none yet."""
        secrets = self._proof.secrets() if self.auth is Auth.CLIENT_SECRET else ()
        return hint_of(secrets[0]) if secrets else ""

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **_: Any,
    ) -> AccessToken:
        """A token for ``scopes``, as azure-core's older protocol asks for it; raises like :meth:`get_token_info`."""
        from azure.core.credentials import AccessToken

        options: TokenRequestOptions = {"enable_cae": enable_cae}
        if claims:
            options["claims"] = claims
        if tenant_id:
            options["tenant_id"] = tenant_id
        info = await self.get_token_info(*scopes, options=options)
        return AccessToken(info.token, info.expires_on)

    async def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        """A token for ``scopes``: the one that is kept, or a new one.

        Raises:
            SignInRefused: Microsoft Entra ID issues none, not with what was read anew either.
            SignInUnreachable: it cannot be asked.
            CredentialProblem: what proves the identity is not there or cannot be used.
        """
        options = options or {}
        key = (*scopes, options.get("tenant_id"), options.get("enable_cae", False))
        kept = self._kept(key, options)
        if kept is not None:
            return kept
        seen = self._fetched
        async with self._asking.turn():
            kept = self._kept(key, options) or self._claimed_since(seen, key, options)
            if kept is None:
                kept = self._tokens[key] = await self._request(scopes, options)
                self._fetched += 1
                self._claimed[key] = (self._fetched, options.get("claims", ""))
                self._tell()
            return kept

    async def renew(self) -> None:
        """Forget every token, and what proves the identity: the next token comes from what is read anew."""
        async with self._asking.turn(attempts=False):
            self._tokens.clear()
            self._proof.forget()

    async def close(self) -> None:
        """Close what is open; closing twice does no harm."""
        await self._proof.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        await self.close()

    def _kept(self, key: tuple[object, ...], options: TokenRequestOptions) -> AccessTokenInfo | None:
        token = self._tokens.get(key)
        if token is None or options.get("claims"):  # claims: what is kept has just been refused
            return None
        now = time.time()
        due = token.expires_on - now < _BEFORE_END or (token.refresh_on is not None and token.refresh_on <= now)
        return None if due else token

    def _claimed_since(
        self, seen: int, key: tuple[object, ...], options: TokenRequestOptions
    ) -> AccessTokenInfo | None:
        """The token that somebody else has fetched with the same claims, while this one was waiting: requests are refused together."""
        number, claims = self._claimed.get(key, (0, ""))
        return self._tokens.get(key) if claims and claims == options.get("claims") and number > seen else None

    async def _request(self, scopes: tuple[str, ...], options: TokenRequestOptions) -> AccessTokenInfo:
        """Ask once; where what proves the identity is refused, once more with whatever else there is by now."""
        credential = await self._proof.credential()
        try:
            return await self._fetch(credential, scopes, options)
        except SignInRefused as refused:
            another = await self._proof.another() if refused.of_proof else None
            if another is None:
                raise
            try:
                return await self._fetch(another, scopes, options)
            except SignInRefused:
                if (
                    another is await self._proof.credential()
                ):  # it has taken the place of what was refused, and is what counts
                    raise
            raise refused from None

    async def _fetch(
        self, credential: AsyncSupportsTokenInfo, scopes: tuple[str, ...], options: TokenRequestOptions
    ) -> AccessTokenInfo:
        from azure.core.exceptions import AzureError

        try:
            async with asyncio.timeout(_PATIENCE):
                return await credential.get_token_info(*scopes, options=options)
        except (
            AzureError,
            TimeoutError,
            LookupError,
            TypeError,
            ValueError,
        ) as error:  # azure-identity looks at answers carelessly
            problem = self._problem(error)
        raise problem

    def _tell(self) -> None:
        """Log what was signed in with, once, and that it ends soon, once a day."""
        now = datetime.now(UTC)
        ends = self.expires_at
        if self._told is None or self._told[0] != ends:
            log_event(_logger, "signed_in", credential=self.described, expires_at=ends)
        elif now - self._told[1] < _TOLD_AGAIN:
            return
        self._told = (ends, now)
        warning = expiry_warning(ends, now)
        if warning:
            expired = has_expired(ends, now)
            level = logging.ERROR if expired else logging.WARNING
            log_event(
                _logger,
                "credential_expiring",
                level=level,
                credential=self.described,
                expires_at=ends,
                expired=expired,
                message=warning,
            )
