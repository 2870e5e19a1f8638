"""Which credential the settings choose, and what is missing for it.

``auto`` takes what is configured, the strongest first; that a platform offers an identity counts last, because it may be meant for
storage and Key Vault alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from connector.settings.signing_in import Auth

_OFFERS_IDENTITY = "IDENTITY_ENDPOINT"
"""Azure Functions, App Service and Container Apps set it where the app has a managed identity.
https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference"""
_CERTIFICATES = {
    "certificate": "ENTRA_CERTIFICATE",
    "certificate_file": "ENTRA_CERTIFICATE_FILE",
    "certificate_name": "ENTRA_CERTIFICATE_NAME",
}
_SECRETS = {"client_secret": "ENTRA_CLIENT_SECRET", "client_secret_name": "ENTRA_CLIENT_SECRET_NAME"}


_CREDENTIALS = frozenset({*_CERTIFICATES.values(), *_SECRETS.values(), "AZURE_FEDERATED_TOKEN_FILE", "ENTRA_AUTH"})


def choose(values: Mapping[str, Any], environ: Mapping[str, str]) -> Auth:
    """What to sign in with; AUTO where nothing is configured.

    Args:
        values: fields of the settings by name, as far as they could be read.
        environ: the environment, which shows whether the platform offers an identity.
    """
    asked: Auth = values.get("auth", Auth.AUTO)
    if asked is not Auth.AUTO:
        return asked
    if any(values.get(field) for field in _CERTIFICATES):
        return Auth.CERTIFICATE
    if any(values.get(field) for field in _SECRETS):
        return Auth.CLIENT_SECRET
    if values.get("federated_token_file"):
        return Auth.WORKLOAD_IDENTITY
    return Auth.MANAGED_IDENTITY if environ.get(_OFFERS_IDENTITY) else Auth.AUTO


def missing(auth: Auth, values: Mapping[str, Any], wrong: Collection[str] = ()) -> Iterator[str]:
    """A sentence for each setting that ``auth`` lacks, or of which there is one too many; ``wrong`` names those that are set, and wrong."""
    if auth is Auth.AUTO and not _CREDENTIALS.intersection(wrong):
        yield (
            "Nothing to sign in with is configured. Set ENTRA_CLIENT_SECRET_NAME or ENTRA_CERTIFICATE_NAME (with KEY_VAULT), "
            "ENTRA_CLIENT_SECRET, ENTRA_CERTIFICATE_FILE, AZURE_FEDERATED_TOKEN_FILE, or ENTRA_AUTH=managed_identity."
        )
    named = values.get("client_id") or (auth is Auth.WORKLOAD_IDENTITY and values.get("identity_client_id"))
    if not named and auth is not Auth.MANAGED_IDENTITY:
        yield "ENTRA_CLIENT_ID is not set. It is the application (client) id of the connector's app registration."
    if auth is Auth.CLIENT_SECRET:
        yield from _exactly_one(_SECRETS, values, auth, wrong)
    if auth is Auth.CERTIFICATE:
        yield from _exactly_one(_CERTIFICATES, values, auth, wrong)
    in_vault = {Auth.CLIENT_SECRET: "client_secret_name", Auth.CERTIFICATE: "certificate_name"}.get(auth)
    if in_vault and values.get(in_vault) and not values.get("key_vault"):
        name = {**_SECRETS, **_CERTIFICATES}[in_vault]
        yield f"KEY_VAULT is not set, and {name} is the name of something in it. Set KEY_VAULT to the vault's name."


def _exactly_one(
    fields: Mapping[str, str], values: Mapping[str, Any], auth: Auth, wrong: Collection[str]
) -> Iterator[str]:
    given = [name for field, name in fields.items() if values.get(field)]
    if not given and not set(fields.values()).intersection(wrong):
        yield f"None of {', '.join(fields.values())} is set, and ENTRA_AUTH is {auth.value}. Set one of them."
    if len(given) > 1:
        yield f"{' and '.join(given)} are both set, and only one of them can count. Remove the others."
