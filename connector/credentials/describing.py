"""What the connector signs in with, said for people: what was taken, and from where. Never what it is."""

from __future__ import annotations

from urllib.parse import urlsplit

from connector.settings import Auth, Settings


def described(settings: Settings) -> str:
    """Such as ``client secret entra-secret from Key Vault contoso-kv.vault.azure.net``; for every value of ``settings.auth``."""
    match settings.auth:
        case Auth.CLIENT_SECRET:
            return f"client secret from {place(settings)}"
        case Auth.CERTIFICATE:
            return f"certificate from {place(settings)}"
        case Auth.WORKLOAD_IDENTITY:
            return f"workload identity with {place(settings)}"
        case Auth.MANAGED_IDENTITY:
            return place(settings)
        case Auth.AUTO:
            return "nothing: no credential is configured"


def place(settings: Settings) -> str:
    """Where it comes from: a setting, a file, or something in Key Vault, by name."""
    match settings.auth:
        case Auth.CERTIFICATE if settings.certificate_file is not None:
            found = f"the file {settings.certificate_file}"
        case Auth.CERTIFICATE if settings.certificate_name:
            found = in_vault(settings, settings.certificate_name)
        case Auth.CERTIFICATE:
            found = "ENTRA_CERTIFICATE"
        case Auth.WORKLOAD_IDENTITY if settings.federated_token_file is not None:
            found = f"the token in {settings.federated_token_file}"
        case Auth.WORKLOAD_IDENTITY:
            found = f"a token of the {identity(settings)}"
        case Auth.MANAGED_IDENTITY:
            found = identity(settings)
        case _ if settings.client_secret_name:
            found = in_vault(settings, settings.client_secret_name)
        case _:
            found = "ENTRA_CLIENT_SECRET"
    return found


def identity(settings: Settings) -> str:
    """The managed identity that the settings name."""
    named = settings.identity_client_id
    return f"managed identity {named}" if named else "system-assigned managed identity"


def in_vault(settings: Settings, name: str) -> str:
    """Something in the Key Vault of the settings."""
    return f"{name} in Key Vault {urlsplit(settings.key_vault_url).netloc}"
