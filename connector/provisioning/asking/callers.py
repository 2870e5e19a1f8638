"""Who asks, as App Service authentication tells it in a header, and whether they may.

Whether the platform may be believed is not known here: without App Service authentication anybody can write the header.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode

import msgspec

from connector.permissions import READ_OPERATIONS, WRITE_OPERATIONS
from connector.provisioning.asking.strict_json import NotJson, read_json
from connector.storage.records.operations import Requester

__all__ = ["HEADER", "READ", "WRITE", "NotAuthenticated", "NotAuthorized", "Requester", "read_caller"]

WRITE, READ = WRITE_OPERATIONS.value, READ_OPERATIONS.value
"""App roles of the app registration that App Service authentication uses."""

HEADER = "X-MS-CLIENT-PRINCIPAL"
MOST_CHARACTERS = 64 << 10
"""Longest header that is looked at; the front ends of App Service let less pass."""

_LONGEST_NAME = 256  # characters
_CLAIMS = "http://schemas.microsoft.com/identity/claims/"
_WS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
# The platform hands claims on under the names of the token, or under the longer ones that .NET gives them.
_OBJECT_ID = {"oid", _CLAIMS + "objectidentifier"}
_TENANT_ID = {"tid", _CLAIMS + "tenantid"}
_ROLES = {"roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"}
_NAMES = ("preferred_username", "upn", _WS + "upn", "name", _WS + "name", "azp", "appid")
_GUID = re.compile("[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


class NotAuthenticated(Exception):
    """It is not known who asks. The text says why, without repeating anything of the header."""


class NotAuthorized(Exception):
    """The caller is known and may not do this. The text says what is missing."""


class _Claim(msgspec.Struct, frozen=True):
    typ: str
    val: str


class _ClientPrincipal(msgspec.Struct, frozen=True):
    """What the header holds; what else the platform adds is not looked at."""

    auth_typ: str
    claims: list[_Claim]

    def values(self, types: set[str]) -> set[str]:
        return {claim.val for claim in self.claims if claim.typ in types}


def read_caller(header: str | None, tenant_id: str, role: str) -> Requester:
    """Who asks.

    Args:
        header: what :data:`HEADER` holds; None where it is missing.
        tenant_id: the tenant that the connector works on: callers of others are strangers, whatever their own tenant calls them.
        role: what the caller must have, :data:`WRITE` or :data:`READ`. Who may write may read.

    Raises:
        NotAuthenticated: the header does not say who it is.
        NotAuthorized: the role is missing, or the caller is of another tenant.
    """
    principal = _principal(header)
    object_id = _only(principal, _OBJECT_ID)
    if _only(principal, _TENANT_ID) != tenant_id:
        raise NotAuthorized("The caller signed in to another tenant than the one that the connector works on.")
    if not principal.values(_ROLES) & {role, WRITE}:
        raise NotAuthorized(f"The caller does not have the app role {role}.")
    return Requester(kind="entra", id=object_id, name=_name(principal))


def _principal(header: str | None) -> _ClientPrincipal:
    if not header:
        raise NotAuthenticated("The request carries no sign-in.")
    try:
        if len(header) > MOST_CHARACTERS:
            raise NotJson
        found = msgspec.convert(read_json(b64decode(header, validate=True)), _ClientPrincipal)
    except (binascii.Error, NotJson, msgspec.ValidationError, ValueError):
        raise NotAuthenticated("What the platform says of the caller cannot be understood.") from None
    if found.auth_typ != "aad":
        raise NotAuthenticated("The caller did not sign in with Microsoft Entra ID.")
    return found


def _only(principal: _ClientPrincipal, types: set[str]) -> str:
    """The one id that the caller has under any of these names."""
    found = {value.lower() for value in principal.values(types)}
    if len(found) != 1 or not _GUID.fullmatch(one := found.pop()):
        raise NotAuthenticated("What the platform says of the caller names no account or application.")
    return one


def _name(principal: _ClientPrincipal) -> str:
    """What people call the caller, on one line; empty where nothing says it."""
    named = {claim.typ: claim.val for claim in reversed(principal.claims)}
    name = next((named[one] for one in _NAMES if named.get(one)), "")
    return "".join(letter if letter.isprintable() else " " for letter in name[:_LONGEST_NAME])
