"""The clouds that Microsoft runs, and where in each of them what the connector talks to is found.

https://learn.microsoft.com/graph/deployments (sign-in and Graph),
https://learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure and
https://learn.microsoft.com/azure/china/resources-developer-guide (Key Vault and storage).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Cloud(StrEnum):
    """Which cloud the tenant lives in, and the subscription with it."""

    PUBLIC = "public"
    US_GOVERNMENT = "us_government"
    US_GOVERNMENT_DOD = "us_government_dod"
    CHINA = "china"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What differs between clouds.

    Attributes:
        authority: the sign-in endpoint.
        graph: Microsoft Graph, without a version.
        key_vault_suffix: what follows the name of a vault in its host name.
        storage_suffix: what follows the name of an account and the service in a host name of storage.
        federation_audience: the audience of tokens of other identity providers that Microsoft Entra ID takes in their place.
        portal: where an administrator looks at app registrations.
    """

    authority: str
    graph: str
    key_vault_suffix: str
    storage_suffix: str
    federation_audience: str
    portal: str


_US_AUTHORITY = "https://login.microsoftonline.us"
_US_VAULTS = "vault.usgovcloudapi.net"
_US_STORAGE = "core.usgovcloudapi.net"
_US_EXCHANGE = "api://AzureADTokenExchangeUSGov"
_US_PORTAL = "https://portal.azure.us"

ENDPOINTS = {
    Cloud.PUBLIC: Endpoints(
        authority="https://login.microsoftonline.com",
        graph="https://graph.microsoft.com",
        key_vault_suffix="vault.azure.net",
        storage_suffix="core.windows.net",
        federation_audience="api://AzureADTokenExchange",
        portal="https://portal.azure.com",
    ),
    Cloud.US_GOVERNMENT: Endpoints(
        authority=_US_AUTHORITY,
        graph="https://graph.microsoft.us",
        key_vault_suffix=_US_VAULTS,
        storage_suffix=_US_STORAGE,
        federation_audience=_US_EXCHANGE,
        portal=_US_PORTAL,
    ),
    Cloud.US_GOVERNMENT_DOD: Endpoints(
        authority=_US_AUTHORITY,
        graph="https://dod-graph.microsoft.us",
        key_vault_suffix=_US_VAULTS,
        storage_suffix=_US_STORAGE,
        federation_audience=_US_EXCHANGE,
        portal=_US_PORTAL,
    ),
    Cloud.CHINA: Endpoints(
        authority="https://login.partner.microsoftonline.cn",
        graph="https://microsoftgraph.chinacloudapi.cn",
        key_vault_suffix="vault.azure.cn",
        storage_suffix="core.chinacloudapi.cn",
        federation_audience="api://AzureADTokenExchangeChina",
        portal="https://portal.azure.cn",
    ),
}
"""Of every cloud."""
