"""What a person's sign-in ends with: access token, id token and refresh token."""

from __future__ import annotations

import base64
import hashlib
import secrets
import uuid
from typing import Any

import msgspec

from emulators.graph.service.context import Context
from emulators.graph.service.jwt import LIFETIME_SECONDS, Issuer
from emulators.graph.service.pages.accounts import Account, account_of
from emulators.graph.service.people import refusals
from emulators.graph.service.people.applications import PublicClient
from emulators.graph.service.people.scopes import OPENID, Wanted
from emulators.graph.service.tokens import InvalidToken

_MEMBER = "b79fbf4d-3ef9-4689-8143-76b194e85509"
"""In ``wids`` of every member of the tenant."""
_REFRESH_SECONDS = 90 * 86400
_PURPOSE = "refresh token"


class _Refresh(msgspec.Struct):
    client: str
    account: str
    issued_at: float


class PersonTokens:
    """Makes and redeems the tokens of people."""

    def __init__(self, context: Context, issuer: Issuer) -> None:
        self._context = context
        self._issuer = issuer

    def answer(
        self, client: PublicClient, account: Account, wanted: Wanted, scopes: tuple[str, ...], *, root: str, info: bool
    ) -> dict[str, Any]:
        """The token endpoint's answer.

        Args:
            client: the application that acts for the person.
            account: the person.
            wanted: what was asked for.
            scopes: what is consented to, the ``scp`` of the token.
            root: this service's address, of which the id token's issuer is made.
            info: whether ``client_info`` was asked for.
        """
        named = [one if one in OPENID else f"{wanted.resource.rstrip('/')}/{one}" for one in scopes]
        asked = [f"{wanted.resource.rstrip('/')}/.default"] if ".default" in wanted.names else []
        made: dict[str, Any] = {
            "token_type": "Bearer",
            "scope": " ".join([*named, *asked]),
            "expires_in": LIFETIME_SECONDS,
            "ext_expires_in": LIFETIME_SECONDS,
            "access_token": self._access(client, account, wanted, scopes),
        }
        if "offline_access" in wanted.openid:
            kept = _Refresh(client.app_id, account.id, self._context.clock.now())
            made["refresh_token"] = self._context.tokens.seal(_PURPOSE, msgspec.to_builtins(kept))
        if "openid" in wanted.openid:
            made["id_token"] = self._id_token(client, account, root)
        if info:
            made["client_info"] = _text(msgspec.json.encode({"uid": account.id, "utid": self._context.tenant.id}))
        return made

    def redeem(self, client: PublicClient, refresh_token: str) -> Account:
        """Whose a refresh token is.

        Raises:
            SignInError: it is none of this application, was not used for too long, or the account is gone.
        """
        try:
            kept = msgspec.convert(self._context.tokens.open(_PURPOSE, refresh_token), _Refresh)
        except (InvalidToken, msgspec.MsgspecError):
            raise refusals.bad_refresh_token() from None
        if kept.client != client.app_id:
            raise refusals.bad_refresh_token()
        if self._context.clock.now() - kept.issued_at > _REFRESH_SECONDS:
            raise refusals.expired_refresh_token()
        return account_of(self._context.tenant, kept.account)

    def _access(self, client: PublicClient, account: Account, wanted: Wanted, scopes: tuple[str, ...]) -> str:
        tenant = self._context.tenant.id
        issuer = f"https://sts.windows.net/{tenant}/"
        return self._issuer.sign(
            {
                "aud": wanted.audience.claim,
                "iss": issuer,
                **self._times(),
                "acr": "1",
                "aio": secrets.token_urlsafe(24),
                "amr": ["pwd"],
                "app_displayname": client.name,
                "appid": client.app_id,
                "appidacr": "0",
                "idtyp": "user",
                "name": account.name,
                "oid": account.id,
                "scp": " ".join(one for one in scopes if one != "offline_access"),
                "sub": _pairwise(client.app_id, account.id),
                "tid": tenant,
                "unique_name": account.sign_in_name,
                "upn": account.sign_in_name,
                "uti": _text(uuid.uuid4().bytes),
                "ver": "1.0",
                "wids": [*sorted(account.roles), _MEMBER],
            }
        )

    def _id_token(self, client: PublicClient, account: Account, root: str) -> str:
        tenant = self._context.tenant.id
        return self._issuer.sign(
            {
                "aud": client.app_id,
                "iss": f"{root}/{tenant}/v2.0",
                **self._times(),
                "name": account.name,
                "oid": account.id,
                "preferred_username": account.sign_in_name,
                "sub": _pairwise(client.app_id, account.id),
                "tid": tenant,
                "ver": "2.0",
            }
        )

    def _times(self) -> dict[str, int]:
        now = int(self._context.clock.now())
        return {"iat": now, "nbf": now, "exp": now + LIFETIME_SECONDS}


def _pairwise(client_id: str, account_id: str) -> str:
    """``sub`` of a person: another for every application."""
    return _text(hashlib.sha256(f"{client_id}/{account_id}".encode()).digest())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
