"""What ``setup`` was asked for, and what follows from it and the settings: questions are asked for what is missing, where somebody can be asked."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import typer

from connector.cli.permissions import features_named
from connector.consent.asking import CALLBACK
from connector.permissions import Feature, enabled_features, needed_for
from connector.settings import Auth, Settings
from connector.setup.administrators import Administrator
from connector.setup.files import FilePlace, PemFile
from connector.setup.service import KeptWhere
from connector.setup.telling import Deployment
from connector.setup.vault import VaultPlace
from connector.setup.wanted import LONGEST_DAYS, Kind, Trust, Wanted

_NO_STORAGE = "setup opens no storage"
_KIND_OF = {
    Auth.CLIENT_SECRET: Kind.SECRET,
    Auth.CERTIFICATE: Kind.CERTIFICATE,
    Auth.WORKLOAD_IDENTITY: Kind.FEDERATED,
    Auth.MANAGED_IDENTITY: Kind.MANAGED_IDENTITY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The options, as they were given; empty where they were not."""

    tenant: str
    cloud: str
    name: str
    client_id: str
    multi_tenant: bool
    features: tuple[str, ...]
    public_url: str
    api: bool
    credential: Kind | None
    key_vault: str
    secret_name: str
    valid_days: int
    new_secret: bool
    remove_old_secrets: bool
    certificate_name: str
    certificate_file: Path | None
    federated_issuer: str
    federated_subject: str
    identity_principal_id: str
    managed_identity: str
    consent: bool
    remove_superfluous: bool
    write_settings: Path | None
    secret_to_settings: bool


def with_answers(given: Given, environment: Mapping[str, str]) -> Given:
    """``given`` with what only a person can say: asked for where it is missing, and nothing else tells it."""
    if not (given.tenant or environment.get("ENTRA_TENANT_ID") or environment.get("BATON_ENTRA_TENANT_ID")):
        given = replace(given, tenant=typer.prompt("Tenant id (Entra admin center > Overview)", err=True))
    if given.credential is None and _told_kind(given, load(given, environment)) is None:
        kinds = ", ".join(one.value for one in Kind)
        said = typer.prompt(
            f"What the connector signs in with ({kinds})", default=Kind.MANAGED_IDENTITY.value, err=True
        )
        given = replace(given, credential=Kind(said) if said in set(Kind) else None)
    kind = kind_of(given, load(given, environment))
    if kind is Kind.MANAGED_IDENTITY and not given.managed_identity:
        said = typer.prompt("Object (principal) id of the managed identity", err=True)
        given = replace(given, managed_identity=said)
    if kind is Kind.SECRET and not (given.key_vault or environment.get("KEY_VAULT") or given.secret_to_settings):
        given = replace(
            given, key_vault=typer.prompt("Key Vault that keeps the client secret (name or address)", err=True)
        )
    return given


def load(given: Given, environment: Mapping[str, str]) -> Settings:
    """The settings of the deployment with what was given; nothing has to be set before.

    Raises:
        SettingsError: something is malformed, or there is no tenant.
    """
    told = {
        "ENTRA_TENANT_ID": given.tenant,
        "ENTRA_CLOUD": given.cloud,
        "ENTRA_CLIENT_ID": given.client_id,
        "KEY_VAULT": given.key_vault,
        "NOTIFICATION_URL": given.public_url,
    }
    named = {name: value for name, value in told.items() if value}
    return Settings.load({"AzureWebJobsStorage": _NO_STORAGE, **environment, **named}, signs_in=False)


def kind_of(given: Given, settings: Settings) -> Kind:
    """What the connector is to sign in with.

    Raises:
        typer.BadParameter: nothing tells it.
    """
    kind = _told_kind(given, settings)
    if kind is None:
        raise typer.BadParameter(f"give one of {', '.join(one.value for one in Kind)}.", param_hint="--credential")
    return kind


def _told_kind(given: Given, settings: Settings) -> Kind | None:
    if given.credential is not None:
        return given.credential
    if given.managed_identity:
        return Kind.MANAGED_IDENTITY
    if given.federated_issuer or given.federated_subject or given.identity_principal_id:
        return Kind.FEDERATED
    if given.certificate_file or given.certificate_name:
        return Kind.CERTIFICATE
    return _KIND_OF.get(settings.auth)


def wanted_of(given: Given, settings: Settings) -> Wanted:
    """What is to be brought about.

    Raises:
        typer.BadParameter: something is missing, or contradicts itself.
    """
    kind = kind_of(given, settings)
    _check(given, settings, kind)
    features = chosen(given) or enabled_features(settings)
    return Wanted(
        name=given.name,
        client_id=settings.client_id,
        multi_tenant=given.multi_tenant,
        permissions=needed_for(features),
        redirect_uri=settings.notification_url + CALLBACK if settings.notification_url else "",
        api=given.api,
        remove_superfluous=given.remove_superfluous,
        kind=kind,
        trust=_trust(given, settings) if kind is Kind.FEDERATED else None,
        valid=timedelta(days=given.valid_days),
        new_secret=given.new_secret,
        remove_old_secrets=given.remove_old_secrets,
        identity=given.managed_identity if kind is Kind.MANAGED_IDENTITY else given.identity_principal_id,
        consent=given.consent,
    )


def chosen(given: Given) -> frozenset[Feature]:
    """The features that were named."""
    return frozenset(one for name in given.features for one in features_named(name))


def _check(given: Given, settings: Settings, kind: Kind) -> None:
    if not 1 <= given.valid_days <= LONGEST_DAYS:
        raise typer.BadParameter(f"it must be 1 to {LONGEST_DAYS}.", param_hint="--valid-days")
    if given.secret_to_settings and not given.write_settings:
        raise typer.BadParameter("give --write-settings FILE, too.", param_hint="--secret-to-settings")
    if kind is Kind.SECRET and not given.secret_to_settings and not settings.key_vault:
        raise typer.BadParameter(
            "give the Key Vault that keeps the client secret; for development, --write-settings FILE and --secret-to-settings.",
            param_hint="--key-vault",
        )
    if kind is Kind.CERTIFICATE and given.certificate_file is None and not settings.key_vault:
        raise typer.BadParameter(
            "give --certificate-file, or --key-vault and --certificate-name.", param_hint="--credential"
        )
    if kind is Kind.MANAGED_IDENTITY and not given.managed_identity:
        raise typer.BadParameter("give the object id of the managed identity.", param_hint="--managed-identity")


def _trust(given: Given, settings: Settings) -> Trust:
    audience = settings.endpoints.federation_audience
    if given.identity_principal_id:
        # https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
        issuer = f"{settings.endpoints.authority}/{settings.tenant_id}/v2.0"
        return Trust(issuer, given.identity_principal_id.lower(), audience)
    if not (given.federated_issuer.startswith("https://") and given.federated_subject):
        raise typer.BadParameter(
            "give --federated-issuer https://… and --federated-subject system:serviceaccount:namespace:name, or "
            "--identity-principal-id of a managed identity.",
            param_hint="--credential",
        )
    return Trust(given.federated_issuer, given.federated_subject, audience)


def needs_vault(given: Given, kind: Kind) -> bool:
    """Whether something is read from Key Vault or written to it."""
    in_file = given.secret_to_settings if kind is Kind.SECRET else given.certificate_file is not None
    return kind in (Kind.SECRET, Kind.CERTIFICATE) and not in_file


def secret_name(given: Given, settings: Settings) -> str:
    """Name of the client secret in Key Vault."""
    return given.secret_name or settings.client_secret_name or "entra-client-secret"


def certificate_name(given: Given, settings: Settings) -> str:
    """Name of the certificate in Key Vault."""
    return given.certificate_name or settings.certificate_name or "entra-certificate"


def kept_where(
    given: Given, settings: Settings, kind: Kind, who: Administrator | None, trusted: ssl.SSLContext
) -> KeptWhere:
    """Where the client secret is kept, or the certificate comes from; Key Vault is opened as ``who``."""
    if kind not in (Kind.SECRET, Kind.CERTIFICATE):
        return KeptWhere()
    if who is None:
        if kind is Kind.SECRET and given.write_settings is not None:
            return KeptWhere(place=FilePlace(given.write_settings))
        return KeptWhere(certificate=PemFile(given.certificate_file or Path()))
    name = (secret_name if kind is Kind.SECRET else certificate_name)(given, settings)
    vault = VaultPlace(settings, trusted, who.open(settings, trusted), name)
    return KeptWhere(place=vault) if kind is Kind.SECRET else KeptWhere(certificate=vault)


def deployment_of(given: Given, settings: Settings, kind: Kind, client_id: str, identity_client_id: str) -> Deployment:
    """What the deployment must know of it."""
    vault = needs_vault(given, kind)
    file = given.certificate_file
    return Deployment(
        kind=kind,
        client_id="" if kind is Kind.MANAGED_IDENTITY else client_id,
        identity_client_id=identity_client_id,
        secret_name=secret_name(given, settings) if vault and kind is Kind.SECRET else "",
        certificate_name=certificate_name(given, settings) if vault and kind is Kind.CERTIFICATE else "",
        certificate_file=file.resolve() if kind is Kind.CERTIFICATE and file and PemFile(file).has_key else None,
        public_url=given.public_url,
        features=chosen(given),
    )
