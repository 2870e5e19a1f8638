"""Whether what was set up works: signing in as the connector, which for a while may not work yet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace

from connector.credentials.errors import CredentialProblem
from connector.credentials.opening import open_credential
from connector.credentials.tls import trust
from connector.graph.errors import GraphUnreachable, SignInFailed
from connector.graph.tokens import Told, sign_in
from connector.settings import Auth, Settings

WAITS = (2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0)
"""Seconds between two tries: two minutes in all. Entra ID documents no number; new secrets and grants take seconds as a rule."""
_NOT_YET = frozenset({7000215, 700016, 7000229, 700027, 7000216})
"""AADSTS: the secret, the application, its service principal or certificate is not known (everywhere) yet."""

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of it.

    Attributes:
        signed_in: whether a token was issued.
        missing: names of granted permissions that the token does not have yet.
        problem: why no token was issued, and what to do about it.
    """

    signed_in: bool
    missing: tuple[str, ...] = ()
    problem: str = ""


def with_secret(settings: Settings, client_id: str, text: str) -> Settings:
    """Settings of the connector that signs in with a client secret."""
    return replace(_plain(settings, client_id), auth=Auth.CLIENT_SECRET, client_secret=text)


def with_certificate(settings: Settings, client_id: str, text: str) -> Settings:
    """The same with a certificate and its key, PEM or PKCS#12 in Base64."""
    return replace(_plain(settings, client_id), auth=Auth.CERTIFICATE, certificate=text)


def _plain(settings: Settings, client_id: str) -> Settings:
    return replace(
        settings,
        client_id=client_id,
        client_secret="",
        client_secret_name="",
        certificate="",
        certificate_file=None,
        certificate_name="",
    )


async def prove(
    settings: Settings,
    expected: Iterable[str],
    *,
    sleep: Sleep = asyncio.sleep,
    fetch: Callable[[], Awaitable[Told]] | None = None,
) -> Proof:
    """Sign in until the token has all the ``expected`` permissions, two minutes at most.

    Args:
        settings: whom to sign in as, with what.
        expected: names of the permissions that were granted.
        sleep: how to wait.
        fetch: gets a token that nobody has had before.
    """
    wanted, fetch = frozenset(expected), fetch or (lambda: _fetch(settings))
    proof = Proof(False)
    for wait in (*WAITS, None):
        try:
            told = await fetch()
        except SignInFailed as failed:
            proof = Proof(False, problem=f"{failed} {failed.advice}")
            if failed.code not in _NOT_YET:
                return proof
        except GraphUnreachable as failed:
            proof = Proof(False, problem=f"{failed}. {failed.advice}")
        else:
            missing = () if told.permissions is None else tuple(sorted(wanted - told.permissions))
            proof = Proof(True, missing)
            if not missing:
                return proof
        if wait is not None:
            await sleep(wait)
    return proof


async def _fetch(settings: Settings) -> Told:
    credential = open_credential(settings, trust(settings.ca_file))
    try:
        return await sign_in(credential, settings)
    except CredentialProblem as problem:
        raise SignInFailed(None, problem.sentence, problem.advice) from None
    finally:
        await credential.close()
