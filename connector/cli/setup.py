"""``setup``: the app registration, what the connector signs in with, its permissions and consent."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from connector.cli.help import help_text
from connector.cli.invocation import JsonOption, invocation_of
from connector.setup.wanted import DEFAULT_DAYS, DEFAULT_NAME, LONGEST_DAYS, Kind

HELP = help_text(
    "Sets the connector up in a tenant: the app registration and its service principal, what it signs in with, its permissions and "
    "consent to them. Nothing has to be configured before. It shows what is there and what it would do, asks, does it, signs in as the "
    "connector where that is possible from here, and prints the settings of the deployment. Running it again changes nothing that is "
    "right, and goes on where an earlier run ended. `--dry-run` writes nothing.\n\n"
    "**Who signs in**: an administrator, with a code on a web page (a second code opens Key Vault, where that is used), or with `--use-azure-cli` "
    "whoever is signed in with `az login`. Application Administrator or Cloud Application Administrator makes the app registration; granting "
    "permissions of Microsoft Graph takes Privileged Role Administrator or Global Administrator. Whoever lacks that gets a link for somebody who "
    "does not. Key Vault takes the role Key Vault Secrets Officer.\n\n"
    "**`--credential`**: `managed-identity` has no app registration at all: the permissions are granted to the identity (`--managed-identity` with its "
    "object id). `secret` makes a client secret and writes it to Key Vault (`--key-vault`, `--secret-name`); it is never shown. `certificate` registers one "
    "from Key Vault or a PEM file. `federated` trusts tokens of Kubernetes (`--federated-issuer`, `--federated-subject`) or of a managed identity "
    "(`--identity-principal-id`). `none` leaves it as it is.\n\n"
    "What others have added to the app registration stays. What setup once added and the chosen features do not need is told, and taken back "
    "with `--remove-superfluous`.",
    [
        "setup --dry-run",
        "setup --managed-identity 5f0c5b1e-6a7d-4f0a-8f0e-0f2d7c1b9a11",
        "setup --credential secret --key-vault contoso-kv --public-url https://contoso-entra.azurewebsites.net",
        "setup --credential federated --federated-issuer https://… --federated-subject system:serviceaccount:entra:connector --yes",
        "setup --feature sync --feature provisioning --use-azure-cli --yes --json",
    ],
    ("ENTRA_TENANT_ID", "ENTRA_CLOUD", "ENTRA_CLIENT_ID", "ENTRA_AUTH", "KEY_VAULT", "NOTIFICATION_URL"),
)


def setup(
    ctx: typer.Context,
    *,
    tenant: Annotated[str, typer.Option(help="Tenant id. Default: ENTRA_TENANT_ID.")] = "",
    cloud: Annotated[str, typer.Option(help="Cloud of the tenant. Default: ENTRA_CLOUD.")] = "",
    name: Annotated[str, typer.Option(help="Name of the app registration; by it, it is found again.")] = DEFAULT_NAME,
    client_id: Annotated[
        str, typer.Option(help="Client id of an app registration that exists. Default: ENTRA_CLIENT_ID.")
    ] = "",
    multi_tenant: Annotated[
        bool, typer.Option("--multi-tenant", help="Let administrators of other tenants consent, too.")
    ] = False,
    feature: Annotated[
        list[str] | None,
        typer.Option(
            "--feature", metavar="NAME", help="What it is to do; several times. Default: what the settings enable."
        ),
    ] = None,
    public_url: Annotated[
        str, typer.Option(help="Public address of the deployment, for the consent page. Default: NOTIFICATION_URL.")
    ] = "",
    api: Annotated[
        bool, typer.Option("--api", help="Add the app roles and the address of the operations API.")
    ] = False,
    credential: Annotated[Kind | None, typer.Option(help="What the connector signs in with.")] = None,
    key_vault: Annotated[str, typer.Option(help="Key Vault: name or address. Default: KEY_VAULT.")] = "",
    secret_name: Annotated[str, typer.Option(help="Name of the client secret there.")] = "",
    valid_days: Annotated[
        int, typer.Option(help=f"Days for which a new client secret is valid, at most {LONGEST_DAYS}.")
    ] = DEFAULT_DAYS,
    new_secret: Annotated[
        bool, typer.Option("--new-secret", help="Make a client secret although there is one that will do.")
    ] = False,
    remove_old_secrets: Annotated[
        bool, typer.Option("--remove-old-secrets", help="Remove older ones of setup, once the newest has signed in.")
    ] = False,
    certificate_name: Annotated[str, typer.Option(help="Name of the certificate in Key Vault.")] = "",
    certificate_file: Annotated[
        Path | None, typer.Option(help="PEM file of the certificate; its key need not be in it.")
    ] = None,
    federated_issuer: Annotated[str, typer.Option(help="Issuer of the tokens to trust.")] = "",
    federated_subject: Annotated[str, typer.Option(help="Subject of the tokens to trust.")] = "",
    identity_principal_id: Annotated[
        str, typer.Option(help="Object id of the managed identity whose tokens to trust.")
    ] = "",
    managed_identity: Annotated[
        str, typer.Option(help="Object id of the managed identity to which permissions are granted.")
    ] = "",
    consent: Annotated[bool, typer.Option("--consent/--no-consent", help="Grant the permissions.")] = True,
    remove_superfluous: Annotated[
        bool, typer.Option("--remove-superfluous", help="Take back permissions that the chosen features do not need.")
    ] = False,
    use_azure_cli: Annotated[
        bool, typer.Option("--use-azure-cli", help="Sign in as whoever `az login` has signed in.")
    ] = False,
    sign_in_client_id: Annotated[
        str,
        typer.Option(
            help="Application with which the administrator signs in. Default: Microsoft Graph Command Line Tools."
        ),
    ] = "",
    write_settings: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the settings into a local.settings.json.")
    ] = None,
    secret_to_settings: Annotated[
        bool, typer.Option("--secret-to-settings", help="For development: keep the client secret in that file.")
    ] = False,
    function_app: Annotated[str, typer.Option(help="Name of the Function App, for the command that is printed.")] = "",
    resource_group: Annotated[str, typer.Option(help="Its resource group, likewise.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be done, and write nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask no questions.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Answer on stdout; codes and questions on stderr."""
    invocation = invocation_of(ctx)
    output = invocation.speaking(as_json=as_json)
    from connector.cli.setup_answer import Answer
    from connector.cli.setup_options import Given
    from connector.cli.setup_run import Run

    given = Given(
        tenant=tenant,
        cloud=cloud,
        name=name,
        client_id=client_id,
        multi_tenant=multi_tenant,
        features=tuple(feature or ()),
        public_url=public_url,
        api=api,
        credential=credential,
        key_vault=key_vault,
        secret_name=secret_name,
        valid_days=valid_days,
        new_secret=new_secret,
        remove_old_secrets=remove_old_secrets,
        certificate_name=certificate_name,
        certificate_file=certificate_file,
        federated_issuer=federated_issuer,
        federated_subject=federated_subject,
        identity_principal_id=identity_principal_id,
        managed_identity=managed_identity,
        consent=consent,
        remove_superfluous=remove_superfluous,
        write_settings=write_settings,
        secret_to_settings=secret_to_settings,
    )
    asking = is_interactive() and not yes and not as_json
    if not (asking or yes or dry_run):
        raise typer.BadParameter("nobody can be asked here: give --yes, or --dry-run to see what would be done.")
    run = Run(invocation, given, Answer(output, function_app, resource_group), asking=asking, dry_run=dry_run)
    run.run(use_azure_cli=use_azure_cli, sign_in_client_id=sign_in_client_id)


def is_interactive() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty()
