"""The properties with which objects begin, as Graph spells them. Verbs and generator start from these."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

MICROSOFT_TENANT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
"""The tenant that owns Microsoft's first-party applications, the same everywhere."""

INTEGRATED_APP = "WindowsAzureActiveDirectoryIntegratedApp"
"""The tag of what the portal lists under Enterprise applications."""

GROUP_KINDS = {
    "security": ([], False, True),
    "microsoft_365": (["Unified"], True, False),
    "mail_enabled_security": ([], True, True),
    "distribution": ([], True, False),
}
"""Kind of group -> groupTypes, mailEnabled, securityEnabled."""


def alias(name: str) -> str:
    """A mail alias for a name: ASCII, lower case, words joined by dots; never empty."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", ".", plain.lower()).strip(".") or f"x{sum(map(ord, name))}"


def user_body(display_name: str, upn: str, created_at: str) -> dict[str, Any]:
    """A cloud-only member who may sign in."""
    return {
        "accountEnabled": True,
        "displayName": display_name,
        "userPrincipalName": upn,
        "mailNickname": upn.partition("@")[0],
        "mail": upn,
        "userType": "Member",
        "createdDateTime": created_at,
        "usageLocation": "US",
        "onPremisesSyncEnabled": None,
    }


def group_body(display_name: str, kind: str, domain: str, created_at: str) -> dict[str, Any]:
    """A cloud group with assigned membership; ``kind`` is one of :data:`GROUP_KINDS`."""
    types, mail_enabled, security_enabled = GROUP_KINDS[kind]
    nickname = alias(display_name)
    return {
        "displayName": display_name,
        "description": None,
        "groupTypes": list(types),
        "mail": f"{nickname}@{domain}" if mail_enabled else None,
        "mailEnabled": mail_enabled,
        "mailNickname": nickname,
        "securityEnabled": security_enabled,
        "visibility": "Private" if kind == "microsoft_365" else None,
        "isAssignableToRole": None,
        "membershipRule": None,
        "membershipRuleProcessingState": None,
        "onPremisesSyncEnabled": None,
        "createdDateTime": created_at,
        "renewedDateTime": created_at,
        "expirationDateTime": None,
    }


def service_principal_body(display_name: str, app_id: str, owner_tenant: str | None) -> dict[str, Any]:
    """An enabled service principal that needs no assignment."""
    return {
        "accountEnabled": True,
        "appDisplayName": display_name,
        "appId": app_id,
        "appOwnerOrganizationId": owner_tenant,
        "appRoleAssignmentRequired": False,
        "appRoles": [],
        "description": None,
        "displayName": display_name,
        "homepage": None,
        "loginUrl": None,
        "oauth2PermissionScopes": [],
        "preferredSingleSignOnMode": None,
        "servicePrincipalNames": [app_id],
        "servicePrincipalType": "Application",
        "tags": [],
    }
