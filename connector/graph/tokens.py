"""Access tokens for Microsoft Graph: which scope they are for, getting one, and what it tells."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from connector.credentials.errors import CredentialProblem, SignInRefused
from connector.graph.errors import GraphError, SignInFailed, SignInUnavailable
from connector.settings import Settings
from connector.settings.clouds import ENDPOINTS

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

_GRAPHS = frozenset(each.graph for each in ENDPOINTS.values())


def graph_scope(settings: Settings) -> str:
    """The scope to ask a token for: that of the endpoint, and that of the cloud's own Graph where a proxy or emulator stands in."""
    host = f"https://{urlsplit(settings.graph_endpoint).hostname}"
    return f"{host if host in _GRAPHS else settings.endpoints.graph}/.default"


@dataclass(frozen=True, slots=True)
class Told:
    """What an access token tells. Clients are not to rely on what Graph's tokens say
    (https://learn.microsoft.com/entra/identity-platform/access-tokens), so it may explain what is missing and protect, and must
    not decide what is asked for.

    Attributes:
        permissions: application permissions that it names; None where it cannot be told.
        object_id: id of the service principal that it was issued to; empty where it cannot be told.
        tenant_id: the tenant that it is for; empty where it cannot be told.
    """

    permissions: frozenset[str] | None = None
    object_id: str = ""
    tenant_id: str = ""


async def sign_in(credential: AsyncTokenCredential, settings: Settings) -> Told:
    """Get a token now, so that a wrong setting is reported for what it is and not as some request's failure.

    Returns:
        What the token tells.

    Raises:
        SignInFailed: Microsoft Entra ID refuses, what proves the connector's identity cannot be used, or the token is for another tenant.
        SignInUnavailable: Microsoft Entra ID, or where the secret or certificate comes from, cannot be asked.
    """
    try:
        token = await credential.get_token(graph_scope(settings), enable_cae=True)
    except CredentialProblem as problem:
        raise sign_in_error(problem) from None
    told = told_by(token.token)
    if told.tenant_id not in ("", settings.tenant_id):
        raise SignInFailed(
            None,
            f"The token is for the tenant {told.tenant_id}, and ENTRA_TENANT_ID is {settings.tenant_id}.",
            "A managed identity reads its own tenant only. Correct ENTRA_TENANT_ID; or, for another tenant, use an app registration that "
            "trusts the identity (ENTRA_AUTH=workload_identity with ENTRA_CLIENT_ID).",
        )
    return told


class _Claims(msgspec.Struct):
    roles: frozenset[str] = frozenset()
    oid: str = ""
    tid: str = ""


def told_by(token: str) -> Told:
    """What an access token tells; nothing where it is no JWT that can be read."""
    _, _, rest = token.partition(".")
    payload = rest.partition(".")[0]
    try:
        claims = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        read = msgspec.json.decode(claims, type=_Claims)
    except (ValueError, msgspec.DecodeError):
        return Told()
    return Told(read.roles, read.oid.lower(), read.tid.lower())


def sign_in_error(problem: CredentialProblem) -> GraphError:
    """What it means for whoever asks Graph that there is no token."""
    if isinstance(problem, SignInRefused):
        return SignInFailed(problem.code, problem.message, problem.advice)
    if problem.transient:
        return SignInUnavailable(problem.sentence, problem.advice)
    return SignInFailed(None, problem.sentence, problem.advice)
