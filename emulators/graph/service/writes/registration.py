"""What the properties of an application may be."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from emulators.graph.service.errors import bad_request
from emulators.graph.service.operations import Call
from emulators.graph.service.writes import payload
from emulators.graph.service.writes.refusals import same_value

_AUDIENCES = frozenset(
    {"AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"}
)
_LOCAL = frozenset({"localhost", "127.0.0.1"})


def check(call: Call, given: Mapping[str, Any], own_id: str | None) -> None:
    """Check the properties that are given.

    Args:
        call: the request.
        given: properties of an application, as Graph spells them.
        own_id: object id of the application that has them; None for a new one.

    Raises:
        GraphError: 400 for values that they cannot have, and for an identifier that another application has.
    """
    if "signInAudience" in given and given["signInAudience"] not in _AUDIENCES:
        raise payload.invalid_value("signInAudience", "application")
    for resource in given.get("requiredResourceAccess") or ():
        _check_access(resource)
    for address in (given.get("web") or {}).get("redirectUris") or ():
        _check_address(address)
    for identifier in given.get("identifierUris") or ():
        taken = call.context.tenant.db.execute(
            "SELECT 1 FROM objects o, json_each(o.body, '$.identifierUris') u WHERE o.type = 'application'"
            " AND o.deleted IS NULL AND u.value = ? AND o.id IS NOT ?",
            (identifier, own_id),
        ).fetchone()
        if taken is not None:
            raise same_value("identifierUris")


def _check_access(resource: object) -> None:
    """One item of ``requiredResourceAccess``: a resource, and ids of its app roles (``Role``) and scopes (``Scope``)."""
    try:
        if not isinstance(resource, dict):
            raise TypeError
        uuid.UUID(resource["resourceAppId"])
        for access in resource["resourceAccess"]:
            uuid.UUID(access["id"])
            if access["type"] not in ("Role", "Scope"):
                raise ValueError(access["type"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise payload.invalid_value("requiredResourceAccess", "application") from None


def _check_address(address: object) -> None:
    parts = urlsplit(str(address))
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
    if not secure or not parts.netloc or parts.fragment:
        raise bad_request(
            f"The redirect URI '{address}' is not valid: web addresses begin with 'HTTPS' or 'http://localhost'."
        )
