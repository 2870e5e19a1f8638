"""A secret in Key Vault, or a certificate, which Key Vault hands over with its private key as a secret of the same name."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connector.credentials.describing import in_vault
from connector.credentials.errors import CredentialProblem, KeyVaultClosed, KeyVaultProblem, SecretDisabled, SecretEmpty
from connector.credentials.platform import platform_credential
from connector.credentials.proofs import Value
from connector.credentials.signing_in import SignIn
from connector.credentials.transport import RETRIES, TIMEOUTS, open_transport
from connector.credentials.vault_problems import is_disabled, vault_problem
from connector.settings import Settings
from connector.settings.clouds import ENDPOINTS

if TYPE_CHECKING:
    from azure.keyvault.secrets import KeyVaultSecret, SecretProperties
    from azure.keyvault.secrets.aio import SecretClient

_SUFFIXES = tuple(sorted({f".{each.key_vault_suffix}" for each in ENDPOINTS.values()}))


class VaultSecret:
    """The newest version of a secret that is enabled and in force. Key Vault is signed in to as the platform's identity.

    Attributes:
        described: its name and its vault, for people.
    """

    def __init__(self, settings: Settings, trusted: ssl.SSLContext, name: str, setting: str) -> None:
        """Prepare; nothing is sent yet. ``setting`` is the one that holds ``name``, for sentences."""
        self.described = in_vault(settings, name)
        self._settings = settings
        self._trusted = trusted
        self._name = name
        self._setting = setting
        self._host = urlsplit(settings.key_vault_url).netloc
        self._identity: SignIn | None = None
        self._client: SecretClient | None = None
        self._version: str | None = None

    async def read(self) -> Value:
        """What is there now; one request, where the newest version is the one.

        Raises:
            KeyVaultProblem: it is not there, not handed over, or the platform's identity cannot sign in; the subclasses say why.
        """
        from azure.core.exceptions import AzureError

        client = self._open()
        try:
            secret = await self._newest(client)
        except KeyVaultProblem:
            raise
        except CredentialProblem as problem:
            raise KeyVaultClosed(self._host, problem) from None
        except AzureError as error:
            raise self._problem(error) from None
        self._version = secret.properties.version
        return self._value(secret)

    async def read_earlier(self) -> Value | None:
        """The newest of the other versions that are enabled and in force; two requests or more.

        Raises:
            KeyVaultProblem: like :meth:`read`.
        """
        from azure.core.exceptions import AzureError

        client = self._open()
        try:
            before = [one for one in await self._usable(client) if one.version != self._version]
            return self._value(await client.get_secret(self._name, before[0].version)) if before else None
        except AzureError as error:
            raise self._problem(error) from None

    async def close(self) -> None:
        """Close the connections to Key Vault, and those of the identity."""
        if self._client is not None:
            await self._client.close()
        if self._identity is not None:
            await self._identity.close()

    async def _newest(self, client: SecretClient) -> KeyVaultSecret:
        from azure.core.exceptions import HttpResponseError

        try:
            secret = await client.get_secret(self._name)
        except HttpResponseError as error:
            if not is_disabled(error):
                raise
        else:
            if _begun(secret.properties):
                return secret
        newest = (await self._usable(client))[0]
        return await client.get_secret(self._name, newest.version)

    async def _usable(self, client: SecretClient) -> list[SecretProperties]:
        """The versions that are enabled and in force, the newest first; never none."""
        usable = [
            one
            async for one in client.list_properties_of_secret_versions(self._name)
            if one.enabled and _begun(one) and one.version
        ]
        if not usable:
            raise SecretDisabled(self._host, self._name)
        return sorted(usable, key=lambda one: one.created_on or datetime.min.replace(tzinfo=UTC), reverse=True)

    def _value(self, secret: KeyVaultSecret) -> Value:
        if not secret.value:
            raise SecretEmpty(self._host, self._name)
        return Value(secret.value.encode(), secret.properties.expires_on)

    def _problem(self, error: Exception) -> Exception:
        identity = self._identity.described if self._identity else "app"
        return vault_problem(error, self._host, identity, self._name, self._setting)

    def _open(self) -> SecretClient:
        if self._client is None:
            self._identity = platform_credential(self._settings, self._trusted)
            self._client = open_secrets(self._settings, self._trusted, self._identity)
        return self._client


def open_secrets(settings: Settings, trusted: ssl.SSLContext, identity: SignIn) -> SecretClient:
    """A client of the Key Vault of the settings, which whoever opens it closes. Must be called inside a running event loop.

    Args:
        settings: which vault.
        trusted: the certificate authorities to trust.
        identity: who signs in to the vault.
    """
    from azure.keyvault.secrets.aio import SecretClient

    return SecretClient(
        settings.key_vault_url,
        identity,
        transport=open_transport(trusted),
        # The SDK makes sure that the vault asks for a token for vaults, of the domain it is in itself. A host that is not
        # one of Microsoft's, such as an emulator, asks for the same token and cannot be in that domain.
        verify_challenge_resource=(urlsplit(settings.key_vault_url).hostname or "").endswith(_SUFFIXES),
        **TIMEOUTS,
        **RETRIES,
    )


def _begun(properties: SecretProperties) -> bool:
    """Whether a version is in force by now: one may be put there ahead of time."""
    return properties.not_before is None or properties.not_before <= datetime.now(UTC)
