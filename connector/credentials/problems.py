"""From azure-identity's exceptions to ours, in one place."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from connector.credentials.aadsts import OF_PROOF, TRANSIENT, advice, said
from connector.credentials.errors import (
    CredentialProblem,
    IdentitySilent,
    ManagedIdentityUnavailable,
    NobodySignedIn,
    SignInBusy,
    SignInRefused,
    SignInUnreachable,
)

_FOR_NOW = frozenset({408, 429})


def entra_problem(
    error: Exception, who: str, authority: str, place: str, secrets: Collection[str] = ()
) -> CredentialProblem:
    """What an exception of a credential that asks Entra ID itself means.

    Args:
        error: what was raised.
        who: asked, for people.
        authority: address of the sign-in endpoint.
        place: where what it was asked with came from, for people.
        secrets: what no sentence may hold, whoever wrote it.
    """
    host = urlsplit(authority).netloc
    if why := _silence(error):
        return SignInUnreachable(host, why)
    heard = said(str(error))
    if heard.code in TRANSIENT or _passes(error):
        return SignInBusy(host, f"it answers AADSTS{heard.code}" if heard.code else f"it answers{_status(error)}")
    if heard.code is None and "Microsoft Entra ID error '" not in str(error):
        return SignInUnreachable(host, f"what answers there{_status(error)} does not speak as Microsoft Entra ID does")
    sentence = heard.sentence
    for secret in filter(None, secrets):
        sentence = sentence.replace(secret, "***")
    return SignInRefused(who, heard.code, sentence, advice(heard.code, place), of_proof=heard.code in OF_PROOF)


def identity_problem(error: Exception, client_id: str) -> CredentialProblem:
    """What an exception of the managed identity ``client_id`` means."""
    if why := _silence(error):
        return IdentitySilent(why)
    if _passes(error):
        return IdentitySilent(f"it answers{_status(error)}")
    why = said(str(error)).sentence.removeprefix("(None) ")  # where the endpoint gives no code, azure-core writes that
    return ManagedIdentityUnavailable(client_id, why)


def developer_problem(_: Exception) -> CredentialProblem:
    """What it means that nobody is signed in."""
    return NobodySignedIn()


def _silence(error: Exception) -> str:
    """Why there was no answer; empty where there was one."""
    from azure.core.exceptions import ServiceRequestError, ServiceResponseError

    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    return str(error) if isinstance(error, ServiceRequestError | ServiceResponseError) else ""


def _passes(error: Exception) -> bool:
    """Whether the status of an answer says that the same may do later."""
    status = _status_of(error)
    return status is not None and (status >= 500 or status in _FOR_NOW)


def _status(error: Exception) -> str:
    status = _status_of(error)
    return f" with status {status}" if status else ""


def _status_of(error: Exception) -> int | None:
    response = getattr(error, "response", None)
    return getattr(response, "status_code", None)
