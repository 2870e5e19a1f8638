"""Signing in the administrator who sets up: with a code on a web page, or as whoever is signed in with the Azure CLI."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connector.credentials.aadsts import said
from connector.credentials.errors import CredentialProblem, SignInRefused, SignInUnreachable
from connector.credentials.identities import entra_options
from connector.credentials.proofs import Platform
from connector.credentials.signing_in import SignIn
from connector.credentials.transport import requests_transport
from connector.permissions import DELEGATED
from connector.settings import Auth, Settings

if TYPE_CHECKING:
    from azure.core.credentials import AccessTokenInfo, TokenRequestOptions
    from azure.identity import DeviceCodeCredential

GRAPH_COMMAND_LINE = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
"""Microsoft Graph Command Line Tools: Microsoft's application for tools that ask Graph on behalf of people.
https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in"""
AZURE_COMMAND_LINE = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
"""Microsoft Azure CLI: gets tokens for Key Vault, which the one for Graph does not."""

Prompt = Callable[[str, str, datetime], None]
"""Shows a person where to enter which code, and until when."""

_DECLINED = "Nothing was changed. Run setup again if that was not meant."
_BLOCKED = (
    "A Conditional Access policy forbids it; many tenants block device codes. Sign in with `az login` in a browser of a machine that the "
    "policy accepts, and run setup with --use-azure-cli."
)
_NOT_ALLOWED = (
    "Somebody who may consent for this tool has to sign in (Application Administrator, Cloud Application Administrator or Global "
    "Administrator), or to consent to it first. With `az login` and --use-azure-cli no consent is needed."
)
_ADVICE = {
    65004: _DECLINED,
    70020: "The code was not entered in time. Run setup again, and enter the new code within a quarter of an hour.",
    70019: "The code was not entered in time. Run setup again, and enter the new code within a quarter of an hour.",
    53000: _BLOCKED,
    53001: _BLOCKED,
    53002: _BLOCKED,
    53003: _BLOCKED,
    530033: _BLOCKED,
    530036: _BLOCKED,
    65001: _NOT_ALLOWED,
    90094: _NOT_ALLOWED,
    90095: _NOT_ALLOWED,
    65002: "That application cannot be used for it. Leave out --sign-in-client-id, or name one of your own that allows public client flows.",
    7000218: "Set 'Allow public client flows' to Yes in that application's Authentication, or leave out --sign-in-client-id.",
    700016: "This tenant has no such application. Check --tenant, --cloud and --sign-in-client-id.",
    90002: "Check --tenant and --cloud.",
    900023: "--tenant must be the tenant's id. Copy it from Entra admin center > Overview.",
}
_AZURE_CLI = "Run `az login --tenant` with the tenant's id (and `az cloud set` for a national cloud), or leave out --use-azure-cli."


def delegated_scopes(settings: Settings) -> tuple[str, ...]:
    """What a setup asks a person for: exactly what it takes, of the Graph of the cloud."""
    return tuple(f"{settings.endpoints.graph}/{one.name}" for one in DELEGATED)


def vault_scopes(settings: Settings) -> tuple[str, ...]:
    """The same for Key Vault."""
    return (f"https://{settings.endpoints.key_vault_suffix}/.default",)


class WithCode:
    """An administrator who enters a code on a web page. Begun outside of an event loop, so that Ctrl-C ends the wait.

    Args:
        settings: tenant and cloud.
        trusted: the certificate authorities to trust.
        client_id: the application with which they sign in.
        scopes: what it asks for.
        prompt: shows the code.
    """

    described = "the administrator who entered the code"

    def __init__(
        self, settings: Settings, trusted: ssl.SSLContext, client_id: str, scopes: Sequence[str], prompt: Prompt
    ) -> None:
        from azure.identity import DeviceCodeCredential

        self._scopes = tuple(scopes)
        self._host = urlsplit(settings.authority).netloc
        transport = requests_transport(trusted)
        self._credential: DeviceCodeCredential = DeviceCodeCredential(
            client_id=client_id,
            tenant_id=settings.tenant_id,
            prompt_callback=prompt,
            disable_automatic_authentication=True,
            **entra_options(settings, transport),
        )

    def authenticate(self) -> str:
        """Wait until a person has entered the code; who that is, for people.

        Raises:
            SignInRefused: they did not want to, not in time, or were not allowed to.
            SignInUnreachable: the sign-in endpoint cannot be asked.
        """
        from azure.core.exceptions import AzureError

        try:
            return self._credential.authenticate(scopes=list(self._scopes)).username
        except AzureError as error:
            raise _problem(error, self._host) from None

    def open(self, _settings: Settings, _trusted: ssl.SSLContext) -> SignIn:
        """The same person for connections; whoever opens it closes it."""
        proof = Platform(lambda: _Silently(self._credential, self._scopes), [])
        return SignIn(Auth.AUTO, self.described, proof, lambda error: _problem(error, self._host))


class _Silently:
    """Tokens of whoever has signed in, without asking anybody again, for the scopes that were asked for then."""

    def __init__(self, credential: DeviceCodeCredential, scopes: tuple[str, ...]) -> None:
        self._credential = credential
        self._scopes = scopes

    async def get_token_info(self, *_scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        """A token, whatever scope a client of ours would name: ``.default`` would be what somebody consented to earlier."""
        del options  # continuous access evaluation has a cache of its own, in which nobody has signed in
        return await asyncio.to_thread(self._credential.get_token_info, *self._scopes)

    async def close(self) -> None:
        """Nothing is open that ends before the process."""

    async def __aenter__(self) -> _Silently:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class WithAzureCli:
    """Whoever is signed in with ``az login``."""

    described = "whoever is signed in with the Azure CLI"

    def __init__(self, settings: Settings) -> None:
        self._tenant_id = settings.tenant_id

    def authenticate(self) -> str:
        """Nothing to wait for."""
        return self.described

    def open(self, _settings: Settings, _trusted: ssl.SSLContext) -> SignIn:
        """The same person for connections; whoever opens it closes it."""
        from azure.identity.aio import AzureCliCredential

        credential = AzureCliCredential(tenant_id=self._tenant_id, process_timeout=60)
        proof = Platform(lambda: credential, [credential.close])
        return SignIn(Auth.AUTO, self.described, proof, _azure_cli_problem)


Administrator = WithCode | WithAzureCli


def _problem(error: Exception, host: str) -> CredentialProblem:
    from azure.core.exceptions import ServiceRequestError, ServiceResponseError

    if isinstance(error, ServiceRequestError | ServiceResponseError):
        return SignInUnreachable(host, str(error))
    heard = said(str(error))
    code = heard.code
    if code is None and "timed out" in str(error).lower():
        code = 70020
    advice = _ADVICE.get(code or 0, "Check --tenant and --cloud, or sign in with `az login` and give --use-azure-cli.")
    return SignInRefused("the administrator", heard.code, heard.sentence, advice)


def _azure_cli_problem(error: Exception) -> CredentialProblem:
    return SignInRefused("the Azure CLI", None, said(str(error)).sentence, _AZURE_CLI)
