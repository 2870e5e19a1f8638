"""The identity as which the connector opens storage and Key Vault: the platform's own, in a fixed order."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from connector.credentials import describing
from connector.credentials.assertions import token_of_file
from connector.credentials.identities import Federated, entra_options, managed_identity
from connector.credentials.problems import developer_problem, entra_problem, identity_problem
from connector.credentials.proofs import Platform
from connector.credentials.signing_in import SignIn, Tokens
from connector.credentials.transport import open_transport
from connector.settings import Auth, Settings

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncSupportsTokenInfo

OFFERS_IDENTITY = ("IDENTITY_ENDPOINT", "MSI_ENDPOINT")
"""Azure Functions, App Service, Container Apps and Arc set one of them where there is a managed identity."""


def platform_credential(settings: Settings, trusted: ssl.SSLContext, *, kept: Tokens | None = None) -> SignIn:
    """The identity of the platform; whoever opens it closes it. Must be called inside a running event loop.

    In this order, without trying one after the other: workload identity, where AZURE_FEDERATED_TOKEN_FILE and AZURE_CLIENT_ID are set; the
    managed identity, where the platform offers one, AZURE_CLIENT_ID names one or ENTRA_AUTH=managed_identity; otherwise whoever is signed
    in with the tools of a developer (`az login`, `azd auth login`), and at last the identity of a virtual machine.

    Args:
        settings: which identity, which cloud.
        trusted: the certificate authorities to trust.
        kept: where tokens are kept, for who opens it again and again with the same settings.
    """
    client_id = settings.identity_client_id
    if settings.federated_token_file is not None and client_id:
        return _workload(settings, settings.federated_token_file, trusted, kept)
    if any(os.environ.get(name) for name in OFFERS_IDENTITY) or client_id or settings.auth is Auth.MANAGED_IDENTITY:
        return managed(settings, trusted, kept=kept)
    return _developer(settings, kept)


def managed(settings: Settings, trusted: ssl.SSLContext, *, kept: Tokens | None = None) -> SignIn:
    """The managed identity that the settings name."""
    client_id = settings.identity_client_id
    transport = open_transport(trusted, proxies=False)
    return SignIn(
        Auth.MANAGED_IDENTITY,
        describing.identity(settings),
        Platform(lambda: managed_identity(client_id, transport), [transport.close]),
        lambda error: identity_problem(error, client_id),
        kept=kept,
    )


def _workload(settings: Settings, path: Path, trusted: ssl.SSLContext, kept: Tokens | None) -> SignIn:
    client_id = settings.identity_client_id
    transport = open_transport(trusted)
    tenant_id = settings.identity_tenant_id or settings.tenant_id

    def make() -> AsyncSupportsTokenInfo:
        return Federated(tenant_id, client_id, lambda: token_of_file(path), entra_options(settings, transport))

    described = f"workload identity {client_id} with the token in {path}"
    place = "AZURE_FEDERATED_TOKEN_FILE"
    return SignIn(
        Auth.WORKLOAD_IDENTITY,
        described,
        Platform(make, [transport.close]),
        lambda error: entra_problem(error, described, settings.authority, place),
        kept=kept,
    )


def _developer(settings: Settings, kept: Tokens | None) -> SignIn:
    from azure.identity.aio import (
        AzureCliCredential,
        AzureDeveloperCliCredential,
        ChainedTokenCredential,
        ManagedIdentityCredential,
    )

    tenant_id = settings.identity_tenant_id
    chain = ChainedTokenCredential(
        AzureCliCredential(tenant_id=tenant_id),
        AzureDeveloperCliCredential(tenant_id=tenant_id),
        ManagedIdentityCredential(),
    )
    return SignIn(
        Auth.AUTO,
        "developer who is signed in here",
        Platform(lambda: chain, [chain.close]),
        developer_problem,
        kept=kept,
    )
