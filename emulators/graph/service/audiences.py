"""For whom the sign-in endpoint issues application tokens: Graph, Key Vault, storage, and the exchange of tokens.

Application ids and addresses: Microsoft's documents on each service, in all clouds. What ``aud`` holds: version 1.0 tokens
repeat the resource as it was asked for, a slash at the end included; the token exchange has version 2.0 tokens, whose
``aud`` is the application id.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
GRAPH_AUDIENCE = "https://graph.microsoft.com"
GRAPH_AUDIENCES = frozenset(
    {
        GRAPH_APP_ID,
        GRAPH_AUDIENCE,
        "https://graph.microsoft.us",
        "https://dod-graph.microsoft.us",
        "https://microsoftgraph.chinacloudapi.cn",
    }
)
"""What ``aud`` may be in a token for Graph."""

KEY_VAULT_APP_ID = "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"
_KEY_VAULT = frozenset(
    {KEY_VAULT_APP_ID, "https://vault.azure.net", "https://vault.usgovcloudapi.net", "https://vault.azure.cn"}
)

_STORAGE = re.compile(
    r"e406a681-f3d4-42a8-90b6-c2b029497af1|https://storage\.azure\.com"
    r"|https://[a-z0-9]{3,24}\.(blob|queue|table|file|dfs)\.core\.(windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)"
)

EXCHANGE_APP_ID = "fb60f99c-7a34-4190-8149-302f77469936"
EXCHANGE_AUDIENCES = frozenset(
    {
        EXCHANGE_APP_ID,
        "api://AzureADTokenExchange",
        "api://AzureADTokenExchangeUSGov",
        "api://AzureADTokenExchangeChina",
    }
)
"""The names of the token exchange: a federated credential has one of the latter, a token the first."""


@dataclass(frozen=True, slots=True)
class Audience:
    """For whom a token is.

    Attributes:
        claim: ``aud``.
        graph: whether it is Graph, so that the token holds its application permissions.
        version_2: whether the token is a version 2.0 token.
    """

    claim: str
    graph: bool = False
    version_2: bool = False


def audience_of(resource: str) -> Audience | None:
    """For whom a token is that is asked for with ``resource``; None for nothing that is known."""
    plain = resource.rstrip("/")
    if plain in EXCHANGE_AUDIENCES:
        return Audience(EXCHANGE_APP_ID, version_2=True)
    plain = plain.removeprefix("api://")
    if plain in GRAPH_AUDIENCES:
        return Audience(GRAPH_AUDIENCE if plain == GRAPH_APP_ID else plain, graph=True)
    if plain in _KEY_VAULT or _STORAGE.fullmatch(plain):
        return Audience(resource)
    return None


def version_2_issuer(tenant_id: str) -> str:
    """``iss`` of version 2.0 tokens, which federated credentials for managed identities name as their issuer."""
    return f"https://login.microsoftonline.com/{tenant_id}/v2.0"
