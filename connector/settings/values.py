"""Values of settings: the text of an environment variable in, checked and typed out.

Each of these raises :class:`Wrong` where the text is not what the setting must be.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

E = TypeVar("E", bound=StrEnum)
_GUID = re.compile(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_UPN = re.compile(r"[!-?A-~]+@[!-?A-~]+")  # printable ASCII around one @
_CONTAINER = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_VAULT = re.compile(r"(?=.{3,24}$)[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*")
_IN_VAULT = re.compile(r"[0-9A-Za-z-]{1,127}")
_SHORTEST_SECRET = 32
_REFERENCE = "@Microsoft.KeyVault("
"""How a reference to Key Vault begins; an app sees one only where the platform could not follow it.
https://learn.microsoft.com/azure/app-service/app-service-key-vault-references"""
_VAULT_HOST = re.compile(r"[A-Za-z0-9-]+\.vault\.[a-z.]+")
_LONGEST = 1000  # characters: no file of a deployment has a longer path, and every certificate with its key is longer
_CLIENT_SECRET = re.compile(r"[\w~.-]{3}\dQ~[\w~.-]{31,34}")
"""What client secrets of Microsoft Entra ID look like.
https://learn.microsoft.com/purview/sit-defn-azure-ad-client-secret"""
_OWN_QUEUE = re.compile(r"entra-(sync|changes|lifecycle|operations)(-poison)?")


class Wrong(ValueError):
    """The text after 'must be' of a problem."""

    def sentence(self, name: str, given: str) -> str:
        """The problem with the setting ``name``; ``given`` says what it is instead."""
        return f"{name} must be {self}; {given}."


class NotFollowed(Wrong):
    """There is a reference to Key Vault, and not what it leads to."""

    def sentence(self, name: str, given: str) -> str:  # noqa: ARG002  nothing of the reference is worth showing
        """That the platform could not follow it."""
        return (
            f"{name} is a Key Vault reference that the platform could not follow. The Function App's Environment variables say why; most often "
            "its identity lacks the role Key Vault Secrets User."
        )


def secret_text(value: str) -> str:
    """Anything but a Key Vault reference that was not followed."""
    if value.startswith(_REFERENCE):
        raise NotFollowed
    return value


def guid(value: str) -> str:
    """A GUID, in lower case."""
    if not _GUID.fullmatch(value):
        raise Wrong("a GUID such as 0785ef7c-2d7a-4542-b048-95bcab406e0b")
    return value.lower()


def accounts(value: str) -> frozenset[str]:
    """Object ids and user principal names with commas between them, in lower case."""
    named = frozenset(part.strip().lower() for part in value.split(",") if part.strip())
    if not named or not all(_GUID.fullmatch(one) or _UPN.fullmatch(one) for one in named):
        raise Wrong("object ids or user principal names with commas between them")
    return named


def true_or_false(value: str) -> bool:
    """A switch."""
    match value.lower():
        case "true" | "1" | "yes" | "on":
            return True
        case "false" | "0" | "no" | "off":
            return False
        case _:
            raise Wrong("true or false")


def https_url(value: str) -> str:
    """An address of a service, without a slash at its end."""
    wrong = Wrong("an address that starts with https:// and has neither a user nor a query")
    try:
        parts = urlsplit(value)
    except ValueError:  # such as brackets that do not close
        raise wrong from None
    if parts.scheme != "https" or not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        raise wrong
    return value.rstrip("/")


def public_url(value: str) -> str:
    """An address at which others reach us, without a slash at its end; this machine's may do without TLS."""
    wrong = Wrong("an address that starts with https:// (http:// for this machine only) and has no query")
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise wrong from None
    loopback = parts.scheme == "http" and host in ("127.0.0.1", "::1", "localhost")
    named = host and port != 0 and parts.username is None and not re.search(r"\s", value)
    if not (parts.scheme == "https" or loopback) or not named or parts.query or parts.fragment:
        raise wrong
    return value.rstrip("/")


def without_secrets(value: str) -> str:
    """``value`` without what belongs to nobody's log: the signature or key in the query of an address, a password before its host, and
    what was put into the wrong setting: a client secret, or a certificate with its key."""
    if "-----BEGIN" in value or len(value) > _LONGEST:
        return f"… ({len(value):,} characters)"
    if _CLIENT_SECRET.search(value):
        return "… (what looks like a client secret)"
    address, asked, _ = value.partition("?")
    return re.sub(r"//[^/]*@", "//…@", address) + ("?…" if asked else "")


def key_vault(value: str) -> str:
    """A Key Vault: its name or its address.

    https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#objects-identifiers-and-versioning
    """
    if _VAULT.fullmatch(value):
        return value.lower()
    wrong = Wrong("the name of a Key Vault, or its address, such as https://contoso.vault.azure.net")
    try:
        address = https_url(f"https://{value}" if _VAULT_HOST.fullmatch(value) else value)
    except Wrong:
        raise wrong from None
    if urlsplit(address).path:  # such as the address of a secret in it
        raise wrong
    return address


def vault_name(value: str) -> str:
    """A name of a secret or certificate in a Key Vault."""
    if not _IN_VAULT.fullmatch(value):
        raise Wrong("a name of up to 127 letters, digits and hyphens, without the vault or a version")
    return value


def storage_account(value: str) -> str:
    """A name of a storage account."""
    if not _ACCOUNT.fullmatch(value):
        raise Wrong("a name of 3 to 24 lower-case letters and digits")
    return value


def long_secret(value: str) -> str:
    """A secret that nobody guesses; none where the platform could not follow a Key Vault reference, which anybody may know."""
    if value.startswith(_REFERENCE):
        return ""
    if len(value) < _SHORTEST_SECRET:
        raise Wrong(f"{_SHORTEST_SECRET} random characters or more")
    return value


def path(value: str) -> Path:
    """A file, which need not be there yet."""
    if not value.isprintable() or len(value) > _LONGEST or value.startswith("-----"):
        raise Wrong("the path of a file, and not what the file holds")
    return Path(value)


def existing_file(value: str) -> Path:
    """A file that is there."""
    path = Path(value)
    if not path.is_file():
        raise Wrong("the path of a file that exists")
    return path


def schedule(value: str) -> str:
    """A schedule as Azure Functions takes it."""
    if len(value.split()) != 6:
        raise Wrong("a schedule of six fields: second minute hour day month weekday, such as '0 0 */6 * * *'")
    return value


def storage_name(value: str) -> str:
    """A name of a container or queue."""
    if not _CONTAINER.fullmatch(value):
        raise Wrong("a name of 3 to 63 lower-case letters, digits and single hyphens")
    return value


def others_queue(value: str) -> str:
    """A name of a queue that is not one of ours."""
    if _OWN_QUEUE.fullmatch(value):  # it would read what it tells others
        raise Wrong("the name of another queue than the connector's own")
    return storage_name(value)


def one_of(options: type[E]) -> Callable[[str], E]:
    """One of ``options``, in letters of either case."""
    *others, last = [option.value for option in options]

    def parse(value: str) -> E:
        try:
            return options(value.lower())
        except ValueError:
            raise Wrong(f"{', '.join(others)} or {last}") from None

    return parse


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """A whole number from ``low`` to ``high``."""

    def parse(value: str) -> int:
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise Wrong(f"a whole number from {low:,} to {high:,}")
        return int(value)

    return parse
