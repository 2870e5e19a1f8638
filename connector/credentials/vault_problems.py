"""What Key Vault's refusals mean, and what to do about each.

https://learn.microsoft.com/azure/key-vault/general/rest-error-codes
"""

from __future__ import annotations

import re

import msgspec

from connector.credentials.errors import (
    CredentialProblem,
    KeyVaultForbidden,
    KeyVaultProblem,
    KeyVaultUnreachable,
    SecretMissing,
)

_ROLE = (
    "Give it the role Key Vault Secrets User on the vault (Access control (IAM); it takes up to ten minutes to take effect). It is needed for "
    "certificates as well."
)
_POLICY = (
    "Give it the permissions Get and List for secrets in the vault's access policies; certificates need them as well."
)
_FIREWALL = (
    "The vault's firewall does not let this app in: allow its network (Networking > Firewalls and virtual networks), or give the vault a "
    "private endpoint in it."
)
_PRIVATE = "The vault takes private connections only: run the app in a network with a private endpoint of the vault."
_TENANT = "The vault belongs to another tenant than the identity. Name a vault of the identity's tenant in KEY_VAULT, or check AZURE_TENANT_ID."
_ADVICE = {
    "forbiddenbyrbac": _ROLE,
    "forbiddenbypolicy": _POLICY,
    "accessdenied": _POLICY,
    "forbiddenbyfirewall": _FIREWALL,
    "forbiddenbyconnection": _PRIVATE,
}
_OTHERWISE = f"{_ROLE} If the vault uses access policies: {_POLICY[0].lower()}{_POLICY[1:]}"
_TENANT_CODE = re.compile(r"AKV100(?:32|40|41)")


class _Inner(msgspec.Struct):
    code: str = ""


class _Error(msgspec.Struct):
    code: str = ""
    message: str = ""
    innererror: _Inner | None = None


class _Body(msgspec.Struct):
    error: _Error = msgspec.field(default_factory=_Error)


def is_disabled(error: Exception) -> bool:
    """Whether Key Vault refuses because the version that was asked for is disabled."""
    return _code(_body(error)).lower() == "secretdisabled"


def vault_problem(error: Exception, vault: str, identity: str, name: str, setting: str) -> CredentialProblem:
    """What an exception of azure-keyvault-secrets means.

    Args:
        error: what was raised.
        vault: host name of the vault.
        identity: who asked, for people.
        name: of the secret that was asked for.
        setting: the setting that holds the name.
    """
    from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError

    if isinstance(error, ServiceRequestError | ServiceResponseError):
        return KeyVaultUnreachable(vault, str(error))
    status = error.status_code if isinstance(error, HttpResponseError) else None
    body = _body(error)
    code = _code(body) or f"status {status}"
    if status == 404:
        return SecretMissing(vault, name, setting)
    if status == 401:
        advice = _TENANT if _TENANT_CODE.search(body.message) else _OTHERWISE
        return KeyVaultForbidden(vault, identity, code, advice)
    if status == 403:
        return KeyVaultForbidden(vault, identity, code, _ADVICE.get(code.lower(), _of_message(body.message)))
    if status is not None and (status >= 500 or status in (408, 429)):
        return KeyVaultUnreachable(vault, f"it answers {status} ({code})")
    return KeyVaultProblem(
        f"Key Vault {vault} answers a request for {name} with {status or type(error).__name__} ({code}).",
        f"Check KEY_VAULT and {setting}, and look the code up in Microsoft's list of Key Vault's errors.",
    )


def _of_message(message: str) -> str:
    """What to do about a refusal without a code: older answers say it in words only."""
    if "not a trusted service" in message or "Client address" in message:
        return _FIREWALL
    if "Public network access is disabled" in message:
        return _PRIVATE
    return _OTHERWISE


def _body(error: Exception) -> _Error:
    response = getattr(error, "response", None)
    try:
        return msgspec.json.decode(response.text(), type=_Body).error if response is not None else _Error()
    except (ValueError, msgspec.DecodeError):
        return _Error()


def _code(body: _Error) -> str:
    """The most exact word for it."""
    return (body.innererror.code if body.innererror else "") or body.code
