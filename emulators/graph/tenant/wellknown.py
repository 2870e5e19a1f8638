"""What is the same in every tenant: built-in roles, Microsoft Graph's permissions, the SKUs that people buy.

The ids are Microsoft's own. Sources: the Entra built-in roles reference, the Graph permissions reference, and the product
names and service plan reference, all on learn.microsoft.com, as of 2026.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from emulators.graph.tenant.bodies import MICROSOFT_TENANT, service_principal_body

_DATA = Path(__file__).with_name("data")

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"

FIRST_PARTY_APPS = (
    ("00000002-0000-0000-c000-000000000000", "Windows Azure Active Directory"),
    ("00000002-0000-0ff1-ce00-000000000000", "Office 365 Exchange Online"),
    ("00000003-0000-0ff1-ce00-000000000000", "Office 365 SharePoint Online"),
    ("00000004-0000-0ff1-ce00-000000000000", "Skype for Business Online"),
    ("00000009-0000-0000-c000-000000000000", "Power BI Service"),
    ("0000000a-0000-0000-c000-000000000000", "Microsoft Intune"),
    ("797f4846-ba00-4fd7-ba43-dac1f8f63013", "Windows Azure Service Management API"),
    ("c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "Azure Portal"),
    ("cfa8b339-82a2-471a-a3c9-0fc0be7a4093", "Azure Key Vault"),
    ("cc15fd57-2c6c-4117-a88c-83b1d56b4bbe", "Microsoft Teams Services"),
)
"""Application id and name of Microsoft's applications that every tenant has, besides Microsoft Graph."""


def _lines(name: str) -> list[list[str]]:
    text = (_DATA / name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines()]


@cache
def built_in_roles() -> tuple[tuple[str, str, str], ...]:
    """Template id, name and description of the built-in roles."""
    return tuple((role[0], role[1], role[2]) for role in _lines("role_definitions.tsv"))


def role_definition_body(role_id: str, name: str, description: str) -> dict[str, Any]:
    """A built-in role definition as Graph shows it."""
    return {
        "displayName": name,
        "description": description,
        "isBuiltIn": True,
        "isEnabled": True,
        "templateId": role_id,
        "version": "1",
        "rolePermissions": [{"allowedResourceActions": ["microsoft.directory/*/standard/read"], "condition": None}],
    }


def graph_body() -> dict[str, Any]:
    """The service principal of Microsoft Graph, with the application permissions that matter here."""
    roles = [
        {
            "allowedMemberTypes": ["Application"],
            "description": f"{name}, without a signed-in user.",
            "displayName": name,
            "id": role_id,
            "isEnabled": True,
            "origin": "Application",
            "value": value,
        }
        for role_id, value, name in _lines("graph_permissions.tsv")
    ]
    names = [GRAPH_APP_ID, "https://graph.microsoft.com"]
    return service_principal_body("Microsoft Graph", GRAPH_APP_ID, MICROSOFT_TENANT) | {
        "appRoles": roles,
        "servicePrincipalNames": names,
    }


@cache
def skus() -> tuple[dict[str, Any], ...]:
    """SKUs: skuId, skuPartNumber, plans (name -> service plan id), and where they differ appliesTo and status."""
    return tuple(msgspec.json.decode((_DATA / "skus.json").read_bytes()))


def sku_body(sku: dict[str, Any], enabled: int) -> dict[str, Any]:
    """A subscription to a SKU with ``enabled`` seats, as Graph shows it apart from its ids and consumedUnits."""
    status = sku.get("status", "Enabled")
    usable = status == "Enabled"
    applies_to = sku.get("appliesTo", "User")
    return {
        "accountName": "Contoso",
        "appliesTo": applies_to,
        "capabilityStatus": status,
        "prepaidUnits": {
            "enabled": enabled if usable else 0,
            "suspended": 0 if usable else enabled,
            "warning": 0,
            "lockedOut": 0,
        },
        "servicePlans": [
            {
                "appliesTo": applies_to,
                "provisioningStatus": "Success" if usable else "Disabled",
                "servicePlanId": plan_id,
                "servicePlanName": name,
            }
            for name, plan_id in sku["plans"].items()
        ],
        "skuPartNumber": sku["skuPartNumber"],
    }
