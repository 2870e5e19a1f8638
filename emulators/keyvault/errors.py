"""Key Vault's refusals: HTTP status, code, text and inner code.

Codes and texts were captured from answers of the service that people published, but for those of faults that it shows
nobody (500, 503) and of what managed secrets refuse, which are the emulator's own.
"""

from __future__ import annotations

from typing import Any

from emulators.graph.service.messages import Reply

_RECOVERY = (
    "If you recently deleted this secret you may be able to recover it using the correct recovery command. For help "
    "resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182"
)
_USUAL = {
    429: (
        "Throttled",
        "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached",
    ),
    500: ("InternalServerError", "An internal error occurred."),
    503: ("ServiceUnavailable", "The service is temporarily unavailable."),
}


class VaultError(Exception):
    """A refusal of Key Vault."""

    def __init__(self, status: int, code: str, text: str, inner: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text
        self.inner = inner

    def reply(self, headers: dict[str, str] | None = None) -> Reply:
        """The error body as the service writes it."""
        error: dict[str, Any] = {"code": self.code, "message": self.text}
        if self.inner:
            error["innererror"] = {"code": self.inner}
        return Reply(self.status, {"error": error}, dict(headers or {}))


def bad_parameter(text: str) -> VaultError:
    """A request that cannot be understood."""
    return VaultError(400, "BadParameter", text)


def invalid_name(name: str) -> VaultError:
    """A name with other characters than letters, digits and dashes, or with too many of them."""
    return bad_parameter(f"The request URI contains an invalid name: {name}")


def unauthorized(text: str) -> VaultError:
    """A token that is missing or does not count."""
    return VaultError(401, "Unauthorized", text)


def not_found(name: str, version: str = "", *, kind: str = "secret") -> VaultError:
    """No secret or certificate of this name, or no such version of it."""
    named = f"{name}/{version}" if version else name
    text = f"A {kind} with (name/id) {named} was not found in this key vault. {_RECOVERY}"
    return VaultError(404, f"{kind.title()}NotFound", text)


def deleted_not_found(name: str) -> VaultError:
    """No deleted secret of this name."""
    return VaultError(404, "SecretNotFound", f"Deleted Secret not found: {name}")


def disabled() -> VaultError:
    """The value of a disabled version is asked for."""
    return VaultError(403, "Forbidden", "Operation get is not allowed on a disabled secret.", "SecretDisabled")


def managed(operation: str) -> VaultError:
    """A change to a secret that belongs to a certificate."""
    return VaultError(403, "Forbidden", f"Operation {operation} is not allowed on a managed secret.")


def name_taken(name: str) -> VaultError:
    """The name of a deleted secret that can still be recovered."""
    text = (
        f"Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, "
        "the secret can only be recovered or purged."
    )
    return VaultError(409, "Conflict", text, "ObjectIsDeletedButRecoverable")


def purge_protected(vault: str) -> VaultError:
    """Purging where that is prevented; ``vault`` is the vault's name and location."""
    text = (
        'Operation "purge" is not allowed because purge protection is enabled for this vault. Key Vault service will '
        f"automatically purge it after the retention period has passed.\r\nVault: {vault}"
    )
    return VaultError(403, "Forbidden", text)


def forbidden_by_role(caller: str, action: str, resource: str, vault: str) -> VaultError:
    """No role of the caller allows the action."""
    text = (
        "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role "
        "definitions were changed recently, please observe propagation time.\r\n"
        f"Caller: {caller}\r\nAction: '{action}'\r\nResource: '{resource}'\r\nAssignment: (not found)\r\n"
        f"DenyAssignmentId: null\r\nDecisionReason: 'DeniedWithNoValidRBAC' \r\nVault: {vault}\r\n"
    )
    return VaultError(403, "Forbidden", text, "ForbiddenByRbac")


def forbidden_by_firewall(address: str, caller: str, vault: str) -> VaultError:
    """The caller's address is not among those that the firewall lets in."""
    text = (
        "Client address is not authorized and caller is not a trusted service.\r\n"
        f"Client address: {address}\r\nCaller: {caller}\r\nVault: {vault}"
    )
    return VaultError(403, "Forbidden", text, "ForbiddenByFirewall")


def forbidden_by_connection(caller: str, vault: str) -> VaultError:
    """The vault is open to private endpoints only."""
    text = (
        "Public network access is disabled and request is not from a trusted service nor via an approved private "
        f"link.\r\nCaller: {caller}\r\nVault: {vault}"
    )
    return VaultError(403, "Forbidden", text, "ForbiddenByConnection")


def usual(status: int) -> VaultError:
    """What the service answers with a status, where a fault does not say."""
    code, text = _USUAL.get(status, ("UnknownError", "The emulator was asked to fail this call."))
    return VaultError(status, code, text)
