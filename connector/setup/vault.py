"""Key Vault as the place where client secrets are kept, and where certificates come from: opened as the administrator."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from connector.credentials.errors import CredentialProblem, KeyVaultForbidden, KeyVaultProblem
from connector.credentials.signing_in import SignIn
from connector.credentials.vault import open_secrets
from connector.credentials.vault_problems import is_disabled, vault_problem
from connector.settings import Settings
from connector.setup.errors import SetupProblem
from connector.setup.keeping import NewSecret, NotKept
from connector.setup.tenant import Kept, Password
from connector.setup.wanted import PublicCertificate, public_certificate

if TYPE_CHECKING:
    from azure.keyvault.secrets import SecretProperties
    from azure.keyvault.secrets.aio import SecretClient

_KEY_ID, _CLIENT_ID = "entra-key-id", "entra-client-id"
"""Tags of a version: which client secret of which application it holds. Neither is a secret."""
_CONTENT = "Client secret of the app registration {app_id}"
_OFFICER = (
    "Give yourself the role Key Vault Secrets Officer on the vault (Access control (IAM); it takes up to ten minutes to take effect), and "
    "make sure that its firewall lets this machine in."
)
_READER = "Give yourself the role Key Vault Certificate User on the vault (Access control (IAM)), or give the certificate as a PEM file."


class _Certificate(msgspec.Struct):
    cer: str


class VaultPlace:
    """A secret in Key Vault.

    Attributes:
        described: the vault and the name, for people.
    """

    def __init__(self, settings: Settings, trusted: ssl.SSLContext, identity: SignIn, name: str) -> None:
        """Prepare; nothing is sent yet. ``identity`` is the administrator's, which this closes."""
        self._host = urlsplit(settings.key_vault_url).netloc
        self._name = name
        self._identity = identity
        self._client: SecretClient = open_secrets(settings, trusted, identity)
        self.described = f"{self._host}/{name}"

    async def kept(self, app_id: str, passwords: Sequence[Password]) -> Kept:  # noqa: ARG002 (tags tell it)
        """Which client secrets the versions of the secret hold, as their tags say. What is disabled can be enabled again, and counts."""
        from azure.core.exceptions import AzureError

        try:
            versions = [one async for one in self._client.list_properties_of_secret_versions(self._name)]
            if not versions and await self._was_deleted():
                raise self._taken()
        except AzureError as error:
            raise self._problem(error, _OFFICER) from None
        newest = await self._newest(versions)
        if newest is None:
            return Kept(all=_held(versions, app_id))
        owner = (newest.tags or {}).get(_CLIENT_ID, "")
        if owner not in ("", app_id):
            raise SetupProblem(
                f"The secret {self.described} holds the client secret of another application ({owner}).",
                "Choose another --secret-name.",
            )
        return Kept((newest.tags or {}).get(_KEY_ID, ""), _held(versions, app_id), foreign=not owner)

    async def keep(self, secret: NewSecret, app_id: str) -> None:
        """Write a new version. When no answer comes, it is looked whether it is there."""
        from azure.core.exceptions import AzureError, HttpResponseError

        try:
            await self._client.set_secret(
                self._name,
                secret.text,
                content_type=_CONTENT.format(app_id=app_id),
                expires_on=secret.ends,
                tags={_KEY_ID: secret.key_id, _CLIENT_ID: app_id},
            )
        except AzureError as error:
            problem = self._problem(error, _OFFICER)
            refused = isinstance(error, HttpResponseError) and error.status_code is not None and error.status_code < 500
        except CredentialProblem as error:  # the administrator's token had to be renewed
            problem, refused = error, True
        else:
            return
        if refused:
            raise NotKept(problem, certain=True) from None
        try:
            there = secret.key_id in (await self.kept(app_id, ())).all
        except (CredentialProblem, SetupProblem):
            raise NotKept(problem, certain=False) from None
        if not there:
            raise NotKept(problem, certain=True) from None

    async def text(self) -> str:
        """The newest version."""
        from azure.core.exceptions import AzureError

        try:
            return (await self._client.get_secret(self._name)).value or ""
        except AzureError as error:
            raise self._problem(error, _OFFICER) from None

    async def certificate(self) -> PublicCertificate:
        """The certificate of that name, without its key.

        Raises:
            CredentialProblem: there is none, or it is not handed over.
        """
        from azure.core.exceptions import AzureError
        from azure.core.rest import HttpRequest

        try:
            answer = await self._client.send_request(HttpRequest("GET", f"/certificates/{self._name}/"))
            answer.raise_for_status()
            read = msgspec.json.decode(await answer.read(), type=_Certificate)
            der = base64.b64decode(read.cer, validate=True)
        except AzureError as error:
            raise self._problem(error, _READER) from None
        except ValueError:
            raise SetupProblem(f"{self.described} is no certificate.", "Check --certificate-name.") from None
        return public_certificate(der, self.described)

    async def close(self) -> None:
        """Close the connections to Key Vault, and those of the identity."""
        await self._client.close()
        await self._identity.close()

    def _problem(self, error: Exception, remedy: str) -> CredentialProblem:
        problem = vault_problem(
            error, self._host, self._identity.described, self._name, "--secret-name or --certificate-name"
        )
        if getattr(error, "status_code", None) == 409:
            return self._taken()
        if isinstance(problem, KeyVaultForbidden):
            return KeyVaultForbidden(self._host, self._identity.described, problem.code, remedy)
        return problem

    async def _newest(self, versions: Sequence[SecretProperties]) -> SecretProperties | None:
        """The version that the connector reads. Key Vault says which is the newest; the times of versions are whole seconds."""
        from azure.core.exceptions import AzureError, HttpResponseError

        if not versions:
            return None
        try:
            return (await self._client.get_secret(self._name)).properties
        except HttpResponseError as error:
            if not is_disabled(error):
                raise self._problem(error, _OFFICER) from None
        except AzureError as error:
            raise self._problem(error, _OFFICER) from None
        return max((one for one in versions if one.enabled), key=_created, default=None)

    async def _was_deleted(self) -> bool:
        """Whether there was one that can be recovered, with all its versions."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            await self._client.get_deleted_secret(self._name)
        except ResourceNotFoundError:
            return False
        return True

    def _taken(self) -> KeyVaultProblem:
        return KeyVaultProblem(
            f"The name {self._name} is taken in Key Vault {self._host} by something that was deleted.",
            "Recover it (Secrets > Manage deleted secrets), or choose another --secret-name.",
        )


def _held(versions: Sequence[SecretProperties], app_id: str) -> frozenset[str]:
    """Key ids of the client secrets of an application that versions hold."""
    tags = [one.tags or {} for one in versions]
    return frozenset(one.get(_KEY_ID, "") for one in tags if one.get(_CLIENT_ID) == app_id) - {""}


def _created(version: SecretProperties) -> datetime:
    return version.created_on or datetime.min.replace(tzinfo=UTC)
