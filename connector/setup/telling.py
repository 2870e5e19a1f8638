"""What to tell at the end: the settings of the deployment, never a secret among them, and what somebody else has to do."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from connector.consent.asking import START
from connector.permissions import FEATURES, Feature
from connector.settings import Cloud, Settings
from connector.setup.wanted import Kind

_EXCLUDES = {"ENTRA_CLIENT_SECRET_NAME": "ENTRA_CLIENT_SECRET", "ENTRA_CLIENT_SECRET": "ENTRA_CLIENT_SECRET_NAME"}
_SWITCHES = frozenset({"SIGN_IN_ACTIVITY", "MAILBOX_PURPOSE", "PROVISIONING_ENABLED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What of the setup a deployment must know.

    Attributes:
        kind: what it signs in with.
        client_id: of the app registration; empty for a managed identity.
        identity_client_id: of the managed identity that is named; empty for none, or a system-assigned one.
        secret_name: in Key Vault; empty where the client secret is in a settings file.
        certificate_name: in Key Vault.
        certificate_file: with the key.
        public_url: where it can be reached.
        features: those that were chosen by name.
    """

    kind: Kind
    client_id: str = ""
    identity_client_id: str = ""
    secret_name: str = ""
    certificate_name: str = ""
    certificate_file: Path | None = None
    public_url: str = ""
    features: frozenset[Feature] = frozenset()


_AUTH = {
    Kind.SECRET: "client_secret",
    Kind.CERTIFICATE: "certificate",
    Kind.FEDERATED: "workload_identity",
    Kind.MANAGED_IDENTITY: "managed_identity",
}


def settings_to_set(settings: Settings, made: Deployment) -> dict[str, str]:
    """By name, the settings that the deployment needs and that follow from the setup."""
    in_vault = made.secret_name or made.certificate_name
    told = {
        "ENTRA_TENANT_ID": settings.tenant_id,
        "ENTRA_CLOUD": "" if settings.cloud is Cloud.PUBLIC else settings.cloud.value,
        "ENTRA_AUTH": _AUTH.get(made.kind, ""),
        "ENTRA_CLIENT_ID": made.client_id,
        "AZURE_CLIENT_ID": made.identity_client_id,
        "KEY_VAULT": settings.key_vault if in_vault else "",
        "ENTRA_CLIENT_SECRET_NAME": made.secret_name,
        "ENTRA_CERTIFICATE_NAME": made.certificate_name,
        "ENTRA_CERTIFICATE_FILE": str(made.certificate_file or ""),
        "NOTIFICATION_URL": made.public_url,
        **{FEATURES[one].setting: "true" for one in made.features if FEATURES[one].setting in _SWITCHES},
    }
    return {name: value for name, value in told.items() if value}


def excluded(told: Mapping[str, str], kind: Kind) -> tuple[str, ...]:
    """Names of settings that contradict those that are told: of two places for a client secret, only one can count."""
    if kind is Kind.SECRET:
        return ("ENTRA_CLIENT_SECRET",) if "ENTRA_CLIENT_SECRET_NAME" in told else ("ENTRA_CLIENT_SECRET_NAME",)
    return ()


def azure_cli(told: Mapping[str, str], function_app: str, resource_group: str) -> str:
    """A command that sets them in a Function App; without names, from the variables that ``azd env get-values`` prints."""
    app = shlex.quote(function_app) if function_app else '"$FUNCTION_APP_NAME"'
    group = shlex.quote(resource_group) if resource_group else '"$AZURE_RESOURCE_GROUP"'
    pairs = " ".join(shlex.quote(f"{name}={value}") for name, value in told.items())
    return f"az functionapp config appsettings set --name {app} --resource-group {group} --settings {pairs}"


def consent_link(settings: Settings, client_id: str, public_url: str) -> str:
    """Where an administrator with more rights gives consent: the page of the deployment, which says what works then, or Microsoft's.

    https://learn.microsoft.com/entra/identity/enterprise-apps/grant-admin-consent#construct-the-url-for-granting-tenant-wide-admin-consent
    """
    if public_url and settings.connect_state_key:
        return f"{public_url}{START}"
    return f"{settings.authority}/{settings.tenant_id}/adminconsent?client_id={quote(client_id)}"
