"""From azure-identity's exceptions to ours, in one place."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from connector.credentials.aadsts import OF_PROOF, advice, said
from connector.credentials.errors import (
    CredentialProblem,
    ManagedIdentityUnavailable,
    NobodySignedIn,
    SignInRefused,
    SignInUnreachable,
)


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
    from azure.core.exceptions import ServiceRequestError, ServiceResponseError

    if isinstance(error, ServiceRequestError | ServiceResponseError):
        return SignInUnreachable(urlsplit(authority).netloc, str(error))
    heard = said(str(error))
    sentence = heard.sentence
    for secret in filter(None, secrets):
        sentence = sentence.replace(secret, "***")
    return SignInRefused(who, heard.code, sentence, advice(heard.code, place), of_proof=heard.code in OF_PROOF)


def identity_problem(error: Exception, client_id: str) -> CredentialProblem:
    """What an exception of the managed identity ``client_id`` means."""
    why = said(str(error)).sentence.removeprefix("(None) ")  # where the endpoint gives no code, azure-core writes that
    return ManagedIdentityUnavailable(client_id, why)


def developer_problem(_: Exception) -> CredentialProblem:
    """What it means that nobody is signed in."""
    return NobodySignedIn()
