"""How the connector signs in: the one place that knows credentials."""

from __future__ import annotations

import base64
import re
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from connector.graph.errors import GraphError, GraphUnreachable, SignInFailed
from connector.settings import Settings

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.identity.aio import ClientSecretCredential

# National clouds: https://learn.microsoft.com/graph/deployments
_GRAPH_HOSTS = frozenset(
    {
        "graph.microsoft.com",
        "graph.microsoft.us",
        "dod-graph.microsoft.us",
        "microsoftgraph.chinacloudapi.cn",
    }
)
_AUTHORITIES = frozenset({"login.microsoftonline.com", "login.microsoftonline.us", "login.chinacloudapi.cn"})


def graph_scope(settings: Settings) -> str:
    """The scope to ask a token for: that of the cloud's Graph, and the public cloud's where a proxy or emulator stands in."""
    host = urlsplit(settings.graph_endpoint).hostname or ""
    return f"https://{host if host in _GRAPH_HOSTS else 'graph.microsoft.com'}/.default"


def open_credential(settings: Settings, trusted: ssl.SSLContext) -> ClientSecretCredential:
    """The credential of the app registration; whoever opens it closes it. Must be called inside a running event loop."""
    from aiohttp import ClientSession, DummyCookieJar, TCPConnector
    from azure.core.pipeline.transport import AioHttpTransport
    from azure.identity.aio import ClientSecretCredential

    http = ClientSession(
        connector=TCPConnector(ssl=trusted), cookie_jar=DummyCookieJar(), trust_env=True, auto_decompress=False
    )
    return ClientSecretCredential(
        settings.tenant_id,
        settings.client_id,
        settings.client_secret,
        authority=settings.authority,
        disable_instance_discovery=urlsplit(settings.authority).hostname not in _AUTHORITIES,
        transport=AioHttpTransport(session=http),
        connection_timeout=10,
        read_timeout=30,
        retry_total=3,
        retry_backoff_factor=0.5,
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What an access token tells. Clients are not to rely on what Graph's tokens say
    (https://learn.microsoft.com/entra/identity-platform/access-tokens), so it may explain what is missing and protect, and must
    not decide what is asked for.

    Attributes:
        permissions: application permissions that it names; None where it cannot be told.
        object_id: id of the service principal that it was issued to; empty where it cannot be told.
    """

    permissions: frozenset[str] | None = None
    object_id: str = ""


async def sign_in(credential: AsyncTokenCredential, settings: Settings) -> Told:
    """Get a token now, so that a wrong setting is reported for what it is and not as some request's failure.

    Returns:
        What the token tells.

    Raises:
        SignInFailed: Microsoft Entra ID refuses.
        GraphUnreachable: it cannot be asked.
    """
    from azure.core.exceptions import AzureError

    try:
        token = await credential.get_token(graph_scope(settings), enable_cae=True)
    except AzureError as error:
        raise sign_in_error(error, settings) from None
    return told_by(token.token)


class _Claims(msgspec.Struct):
    roles: frozenset[str] = frozenset()
    oid: str = ""


def told_by(token: str) -> Told:
    """What an access token tells; nothing where it is no JWT that can be read."""
    _, _, rest = token.partition(".")
    payload = rest.partition(".")[0]
    try:
        claims = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        read = msgspec.json.decode(claims, type=_Claims)
    except (ValueError, msgspec.DecodeError):
        return Told()
    return Told(read.roles, read.oid.lower())


_CODE = re.compile(r"AADSTS(\d+):?\s*")


def sign_in_error(error: Exception, settings: Settings) -> GraphError:
    """What azure-identity's exception means. Its text is cut to Microsoft's own sentence."""
    from azure.core.exceptions import ServiceRequestError, ServiceResponseError

    host = urlsplit(settings.authority).netloc
    if isinstance(error, ServiceRequestError | ServiceResponseError):
        return GraphUnreachable(host, str(error))
    text = str(error)
    found = _CODE.search(text)
    sentence = text[found.end() :] if found else text.removeprefix("Authentication failed: ")
    sentence = (
        re.split(r"\s+Trace ID:", sentence)[0].splitlines()[0].strip() if sentence.strip() else "No reason given."
    )
    if settings.client_secret:
        sentence = sentence.replace(settings.client_secret, "***")
    return SignInFailed(int(found[1]) if found else None, sentence)
