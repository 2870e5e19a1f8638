"""Whether there is consent: what a token says that was issued after the administrator had come back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from connector.credentials import open_credential
from connector.credentials.tls import trust
from connector.graph.errors import GraphUnreachable, SignInFailed
from connector.graph.tokens import Told, sign_in
from connector.permissions import Missing, enabled_features, missing
from connector.settings import Settings

WAITS = (0.5, 1.0, 2.0)
"""Seconds between two tokens. Consent takes a moment until tokens show it. Seldom it takes minutes: nobody waits for that in
front of a page, which says how to look again."""
_PATIENCE = 30.0
"""Seconds for all of it, whatever hangs: far less than the 230 after which the platform would answer in our place.
https://learn.microsoft.com/azure/azure-functions/functions-scale#timeout"""
NOT_THERE_YET = frozenset({700016, 7000229})
"""AADSTS: the tenant has no such application, or no service principal of it. Consent creates it."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A token was issued.

    Attributes:
        permissions: that it names; None where it cannot be told.
        object_id: of the application's service principal; empty where it cannot be told.
        missing: what it lacks of what is switched on; empty where it cannot be told.
    """

    permissions: frozenset[str] | None
    object_id: str
    missing: tuple[Missing, ...]


Fetching = Callable[[], Awaitable[Told]]


async def prove(settings: Settings, fetch: Fetching | None = None, waits: Sequence[float] = WAITS) -> Proof:
    """Ask for fresh tokens until one has all that is needed, at most one more than there are ``waits``; what the last one says.

    Args:
        fetch: gets a fresh token; the application's own by default.
        waits: seconds between two tokens.

    Raises:
        SignInFailed: no token was issued, or there is nothing to sign in with.
        GraphUnreachable: the sign-in endpoint, or where the credential is kept, did not answer in time.
    """
    fetch = fetch or _fetching(settings)
    try:
        async with asyncio.timeout(_PATIENCE):
            for wait in waits:
                try:
                    proof = _proof(await fetch(), settings)
                    if not proof.missing:
                        return proof
                except SignInFailed as failed:
                    if failed.code not in NOT_THERE_YET:
                        raise
                await asyncio.sleep(wait)
            return _proof(await fetch(), settings)
    except TimeoutError:
        raise GraphUnreachable(settings.authority.removeprefix("https://"), "it did not answer in time") from None


def _proof(told: Told, settings: Settings) -> Proof:
    lacking = () if told.permissions is None else missing(told.permissions, enabled_features(settings))
    return Proof(told.permissions, told.object_id, tuple(lacking))


def _fetching(settings: Settings) -> Fetching:
    trusted = trust(settings.ca_file)

    async def fetch() -> Told:
        # A credential of its own: any other remembers the token that it got before there was consent.
        credential = open_credential(settings, trusted)
        try:
            return await sign_in(credential, settings)
        finally:
            await credential.close()

    return fetch
