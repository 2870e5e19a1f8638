"""Settings of signing in: which tenant in which cloud, as which application, and with what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from connector.settings.clouds import ENDPOINTS, Cloud, Endpoints
from connector.settings.setting import setting
from connector.settings.values import (
    existing_file,
    guid,
    https_url,
    key_vault,
    long_secret,
    one_of,
    path,
    secret_text,
    vault_name,
)


class Auth(StrEnum):
    """With what the connector proves to Microsoft Entra ID who it is."""

    AUTO = "auto"
    CLIENT_SECRET = "client_secret"  # noqa: S105 (a word, not a secret)
    CERTIFICATE = "certificate"
    WORKLOAD_IDENTITY = "workload_identity"
    MANAGED_IDENTITY = "managed_identity"


@dataclass(frozen=True, kw_only=True)
class SigningInSettings:
    """Who signs in where."""

    tenant_id: str = setting(
        "ENTRA_TENANT_ID", guid, "The tenant to read: its id, from *Entra admin center > Overview*."
    )
    cloud: Cloud = setting(
        "ENTRA_CLOUD",
        one_of(Cloud),
        "Microsoft's cloud that the tenant lives in: `public`, `us_government`, `us_government_dod` or `china`. It decides the "
        "endpoints of sign-in and Graph, and the suffixes of Key Vault and storage.",
        default="public",
    )
    auth: Auth = setting(
        "ENTRA_AUTH",
        one_of(Auth),
        "What the connector signs in with: `client_secret`, `certificate`, `workload_identity` (a federated token), "
        "`managed_identity`, or `auto`: the first of them, in the order certificate, client secret, workload identity, managed "
        "identity, for which something is configured here.",
        default="auto",
    )
    client_id: str = setting(
        "ENTRA_CLIENT_ID",
        guid,
        "Application (client) id of the connector's app registration. A managed identity needs none: it is the application itself.",
        default="",
    )
    client_secret: str = setting(
        "ENTRA_CLIENT_SECRET",
        secret_text,
        "Client secret of that app registration, for development. In Azure, give `ENTRA_CLIENT_SECRET_NAME`, or a Key Vault reference.",
        default="",
        secret=True,
    )
    client_secret_name: str = setting(
        "ENTRA_CLIENT_SECRET_NAME",
        vault_name,
        "Name of the secret in `KEY_VAULT` that holds the client secret. It is read again before it expires, and when Microsoft "
        "Entra ID refuses it, so a new version needs no restart.",
        default="",
    )
    certificate: str = setting(
        "ENTRA_CERTIFICATE",
        secret_text,
        "Certificate with its private key: PEM, or PKCS#12 in Base64, which is what a Key Vault reference to a certificate gives.",
        default="",
        secret=True,
    )
    certificate_file: Path | None = setting(
        "ENTRA_CERTIFICATE_FILE",
        path,
        "File of a certificate with its private key: PEM or PKCS#12.",
        default="",
        nothing=None,
    )
    certificate_password: str = setting(
        "ENTRA_CERTIFICATE_PASSWORD",
        secret_text,
        "Password of the certificate's private key, where it has one.",
        default="",
        secret=True,
    )
    certificate_name: str = setting(
        "ENTRA_CERTIFICATE_NAME",
        vault_name,
        "Name of the certificate in `KEY_VAULT`, which is read as a secret of the same name. A new version needs no restart.",
        default="",
    )
    key_vault: str = setting(
        "KEY_VAULT",
        key_vault,
        "Key Vault that holds the client secret or the certificate: its name, or its address.",
        default="",
    )
    identity_client_id: str = setting(
        "AZURE_CLIENT_ID",
        guid,
        "Client id of the user-assigned managed identity (or, in Kubernetes, of the workload identity) as which the app opens "
        "storage and Key Vault; with `ENTRA_AUTH=managed_identity`, Graph as well. Empty: the system-assigned one.",
        default="",
    )
    identity_tenant_id: str = setting(
        "AZURE_TENANT_ID",
        guid,
        "Tenant of the identity that opens storage and Key Vault, where it is another than `ENTRA_TENANT_ID`. Azure Kubernetes Service sets "
        "it for you.",
        default="",
    )
    federated_token_file: Path | None = setting(
        "AZURE_FEDERATED_TOKEN_FILE",
        path,
        "File in which the platform keeps a token of its own identity provider up to date, for workload identity. In Azure Kubernetes "
        "Service it is set for you. Without it, workload identity takes a token of the managed identity.",
        default="",
        nothing=None,
    )
    authority: str = setting(
        "ENTRA_AUTHORITY", https_url, "Sign-in endpoint, where it is another than that of `ENTRA_CLOUD`.", default=""
    )
    graph_endpoint: str = setting(
        "GRAPH_ENDPOINT",
        https_url,
        "Microsoft Graph without a version, where it is another than that of `ENTRA_CLOUD`.",
        default="",
    )
    ca_file: Path | None = setting(
        "TLS_CA_FILE",
        existing_file,
        "PEM file of further certificate authorities to trust, for a TLS-inspecting proxy or the emulators.",
        default="",
        nothing=None,
    )
    connect_state_key: str = setting(
        "CONNECT_STATE_KEY",
        long_secret,
        "Key that signs what an administrator brings back from giving consent at `/api/connect`: 32 random characters or more. Without "
        "it, consent is given with the link that `setup` prints.",
        default="",
        secret=True,
    )

    @property
    def endpoints(self) -> Endpoints:
        """What the cloud decides."""
        return ENDPOINTS[self.cloud]

    @property
    def key_vault_url(self) -> str:
        """Address of the Key Vault; empty where none is set."""
        if not self.key_vault or "://" in self.key_vault:
            return self.key_vault
        return f"https://{self.key_vault}.{self.endpoints.key_vault_suffix}"
