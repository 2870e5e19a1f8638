"""One small tenant in literal rows, with one of everything that questions have to tell apart."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"
E5 = "06ebc4ee-1bb5-47dd-8120-11324bc54e06"
POWER_AUTOMATE_FREE = "f30db892-07e9-47e9-837c-80727f46fd3d"
FRIDAY = datetime(2026, 1, 9, 17, 0, tzinfo=UTC)


def _entitlement(kind: str, resource: str, slug: str, name: str) -> dict[str, Any]:
    return {
        "id": f"{kind}:{resource}:{slug}",
        "resource_kind": kind,
        "resource_id": resource,
        "slug": slug,
        "display_name": name,
    }


def _grant(entitlement: str, principal_kind: str, principal: str, suffix: str = "", **facts: Any) -> dict[str, Any]:
    kind, resource, _ = entitlement.split(":")
    given = {"source": "direct", "scope": "/", "scope_kind": "tenant", "revocable": True} | facts
    return {
        "id": f"{entitlement}|{principal}{suffix}",
        "entitlement_id": entitlement,
        "resource_kind": kind,
        "resource_id": resource,
        "principal_kind": principal_kind,
        "principal_id": principal,
        **given,
    }


def _inherited(entitlement: str, principal_kind: str, principal: str, *path: str) -> dict[str, Any]:
    kind, resource, _ = entitlement.split(":")
    return {
        "grant_id": f"{entitlement}|{path[-1]}",
        "principal_kind": principal_kind,
        "principal_id": principal,
        "entitlement_id": entitlement,
        "resource_kind": kind,
        "resource_id": resource,
        "scope": "/",
        "through_group_id": path[-1],
        "depth": len(path),
        "path": list(path),
    }


CONTOSO: dict[str, list[dict[str, Any]]] = {
    "accounts": [
        {"id": "a-anna", "user_principal_name": "anna@contoso.com", "display_name": "Anna Andersson"},
        {"id": "a-berg", "user_principal_name": "anna.berg@contoso.com", "display_name": "Anna Berg"},
        {"id": "a-carl", "user_principal_name": "carl@contoso.com", "display_name": 'Carl, "CC" Clark'},
        {
            "id": "a-bob",
            "user_principal_name": "bob_fabrikam.com#EXT#@contoso.com",
            "display_name": "Bob",
            "mail": "bob@fabrikam.com",
            "user_type": "Guest",
        },
    ],
    "groups": [
        {"id": "g-all", "display_name": "All staff"},
        {"id": "g-emea", "display_name": "Sales EMEA", "is_dynamic": True},
        {"id": "g-sales", "display_name": "Sales"},
        {"id": "g-tier0", "display_name": "Tier 0", "is_assignable_to_role": True},
    ],
    "enterprise_applications": [
        {
            "id": "e-crm",
            "app_id": "app-crm",
            "display_name": "CRM",
            "sign_on_mode": "saml",
            "enabled": True,
            "assignment_required": True,
            "provisioned_by_scim": True,
            "provisioning_state": "Active",
            "is_microsoft_first_party": False,
            "tags": ["HideApp", 'a, "b"'],
        },
        {
            "id": "e-graph",
            "app_id": "app-graph",
            "display_name": "Microsoft Graph",
            "enabled": True,
            "assignment_required": False,
            "is_microsoft_first_party": True,
        },
        {"id": "e-vm", "app_id": "app-vm", "display_name": "vm-backup", "is_managed_identity": True},
        {"id": "e-wiki", "app_id": "app-wiki", "display_name": "Wiki", "enabled": True, "assignment_required": False},
    ],
    "directory_roles": [
        {
            "id": GLOBAL_ADMINISTRATOR,
            "template_id": GLOBAL_ADMINISTRATOR,
            "display_name": "Global Administrator",
        },
        {"id": USER_ADMINISTRATOR, "template_id": USER_ADMINISTRATOR, "display_name": "User Administrator"},
    ],
    "licenses": [
        {"id": E5, "sku_part_number": "SPE_E5", "applies_to": "User", "enabled_units": 10, "consumed_units": 4},
        {"id": POWER_AUTOMATE_FREE, "sku_part_number": "FLOW_FREE", "applies_to": "Company", "enabled_units": 10000},
    ],
    "entitlements": [
        *(_entitlement("group", group, "member", "Member") for group in ("g-all", "g-emea", "g-sales", "g-tier0")),
        _entitlement("enterprise_application", "e-crm", "r-user", "User"),
        _entitlement("enterprise_application", "e-crm", "owner", "Owner"),
        _entitlement("directory_role", GLOBAL_ADMINISTRATOR, "assigned", "Assigned"),
        _entitlement("directory_role", GLOBAL_ADMINISTRATOR, "eligible", "Eligible"),
        _entitlement("directory_role", USER_ADMINISTRATOR, "assigned", "Assigned"),
        _entitlement("license", E5, "assigned", "Assigned"),
    ],
    "grants": [
        _grant("group:g-all:member", "group", "g-sales"),
        _grant("group:g-sales:member", "group", "g-emea"),
        _grant("group:g-sales:member", "account", "a-carl"),
        _grant("group:g-emea:member", "account", "a-anna", revocable=False, not_revocable_reason="dynamic_membership"),
        _grant("group:g-tier0:member", "account", "a-bob"),
        _grant("enterprise_application:e-crm:r-user", "group", "g-sales"),
        _grant("enterprise_application:e-crm:r-user", "service_principal", "e-vm"),
        _grant("enterprise_application:e-crm:owner", "account", "a-anna"),
        _grant(f"directory_role:{GLOBAL_ADMINISTRATOR}:assigned", "group", "g-tier0"),
        _grant(
            f"directory_role:{GLOBAL_ADMINISTRATOR}:assigned",
            "account",
            "a-anna",
            source="pim",
            assignment_type="Activated",
            ends_at=FRIDAY,
        ),
        _grant(f"directory_role:{GLOBAL_ADMINISTRATOR}:eligible", "account", "a-carl", source="pim"),
        _grant(
            f"directory_role:{USER_ADMINISTRATOR}:assigned",
            "account",
            "a-carl",
            "|/administrativeUnits/au-1",
            scope="/administrativeUnits/au-1",
            scope_kind="administrative_unit",
            scope_name="Nordics",
        ),
        _grant(
            f"license:{E5}:assigned",
            "account",
            "a-anna",
            "|via:g-emea",
            source="group",
            via_group_id="g-emea",
            revocable=False,
            not_revocable_reason="inherited_license",
            license_state="Active",
        ),
    ],
    "inherited_grants": [
        _inherited("group:g-sales:member", "account", "a-anna", "g-emea"),
        _inherited("group:g-all:member", "group", "g-emea", "g-sales"),
        _inherited("group:g-all:member", "account", "a-carl", "g-sales"),
        _inherited("group:g-all:member", "account", "a-anna", "g-emea", "g-sales"),
        _inherited(f"directory_role:{GLOBAL_ADMINISTRATOR}:assigned", "account", "a-bob", "g-tier0"),
        _inherited("enterprise_application:e-crm:r-user", "account", "a-carl", "g-sales"),
    ],
}
