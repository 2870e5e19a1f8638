"""Collections that are neither directory objects nor roles: subscriptions, licenses, consents, jobs, templates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from emulators.graph.service.context import Context
from emulators.graph.service.errors import GraphError
from emulators.graph.service.messages import Caller
from emulators.graph.service.odata.columns import Column
from emulators.graph.service.odata.query import Query
from emulators.graph.service.resources.app_roles import picked
from emulators.graph.service.resources.collection import UNPAGED, Collection, Row
from emulators.graph.service.resources.types import TYPES, EntityType
from emulators.graph.service.state import fact_or

Item = dict[str, Any]
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_SELECT_ONLY = frozenset({"$select"})
_PREMIUM_PLANS = (("p1", "41781fb2-bc02-4b7c-bd55-b576c07bb09d"), ("p2", "eec0eb4f-6444-4f95-aba0-50c24d67f998"))
"""Service plans AAD_PREMIUM and AAD_PREMIUM_P2, by the tenant's facts that tell of them."""


def subscribed_skus(tenant_id: str) -> Collection:
    """The tenant's subscriptions. Their ids are ``{tenant id}_{sku id}``."""
    entity = TYPES["subscribedSku"]

    def item(row: Row) -> Item:
        *_, sku, consumed, body = row
        return {"id": f"{tenant_id}_{sku}", "skuId": sku, "consumedUnits": consumed} | _decode(body)

    return Collection(
        context="subscribedSkus",
        type=entity,
        source="subscribed_skus x JOIN sku_seats n ON n.sku_id = x.sku_id",
        order=("x.sku_id",),
        fields="x.sku_id, n.consumed, x.body",
        id_column=f"('{tenant_id}_' || x.sku_id)",
        filterable={},
        shape=_shaper(entity, item),
        page=UNPAGED,
        options=_SELECT_ONLY,
    )


def license_details(context: str, user: int) -> Collection:
    """The subscriptions that a user has, with their service plans."""
    entity = TYPES["licenseDetails"]

    def item(row: Row) -> Item:
        *_, sku, body = row
        content = _decode(body)
        plans = content.get("servicePlans", [])
        return {"id": sku, "skuId": sku, "skuPartNumber": content.get("skuPartNumber"), "servicePlans": plans}

    return Collection(
        context=context,
        type=entity,
        source="subscribed_skus x",
        where="EXISTS (SELECT 1 FROM user_licenses l WHERE l.user_key = ? AND l.sku_id = x.sku_id AND l.state <> 'Error')",
        parameters=(user,),
        order=("x.sku_id",),
        fields="x.sku_id, x.body",
        id_column="x.sku_id",
        filterable={},
        shape=_shaper(entity, item),
        page=UNPAGED,
        options=_SELECT_ONLY,
    )


def oauth2_permission_grants() -> Collection:
    """Delegated permissions that were consented to."""
    entity = TYPES["oAuth2PermissionGrant"]

    def item(row: Row) -> Item:
        *_, grant, body = row
        return {"id": grant} | _decode(body)

    columns = {name: Column(f"json_extract(x.body, '$.{name}')", kind) for name, kind in entity.kinds.items()}
    return Collection(
        context="oauth2PermissionGrants",
        type=entity,
        source="oauth2_permission_grants x",
        where="x.deleted IS NULL",
        order=("x.key",),
        fields="x.id, x.body",
        id_column="x.id",
        filterable=columns | {"id": Column("x.id", "exact")},
        shape=_shaper(entity, item),
        options=frozenset({"$select", "$filter", "$top"}),
    )


def synchronization_jobs(context: str, service_principal: int) -> Collection:
    """Provisioning jobs of a service principal."""
    entity = TYPES["synchronizationJob"]

    def item(row: Row) -> Item:
        *_, job, body = row
        return {"id": job} | _decode(body)

    return Collection(
        context=context,
        type=entity,
        source="synchronization_jobs x",
        where="x.service_principal = ?",
        parameters=(service_principal,),
        order=("x.id",),
        fields="x.id, x.body",
        id_column="x.id",
        filterable={},
        shape=_shaper(entity, item),
        page=UNPAGED,
        options=_SELECT_ONLY,
    )


def directory_role_templates() -> Collection:
    """Templates of the built-in roles."""
    entity = TYPES["directoryRoleTemplate"]

    def item(row: Row) -> Item:
        *_, role, body = row
        content = _decode(body)
        names = {name: content.get(name) for name in ("description", "displayName")}
        return {"id": role, "deletedDateTime": None} | names

    return Collection(
        context="directoryRoleTemplates",
        type=entity,
        source="role_definitions x",
        where="json_extract(x.body, '$.isBuiltIn')",
        order=("x.id",),
        fields="x.id, x.body",
        id_column="x.id",
        filterable={},
        shape=_shaper(entity, item),
        page=UNPAGED,
        options=_SELECT_ONLY,
    )


def organization() -> Collection:
    """The tenant itself."""
    entity = TYPES["organization"]

    def shape(context: Context, _caller: Caller, query: Query, rows: Sequence[Row]) -> list[Item]:
        entity.check(query.select)
        item = {name: entity.empty(name) for name in entity.default} | _about(context)
        return [picked(item, query.select) for _ in rows]

    return Collection(
        context="organization",
        type=entity,
        source="facts x",
        where="x.name = 'id'",
        order=("x.name",),
        fields="x.value",
        id_column="x.value",
        filterable={},
        shape=shape,
        page=UNPAGED,
        options=_SELECT_ONLY,
    )


def _about(context: Context) -> Item:
    tenant = context.tenant
    name = fact_or(tenant, "display_name", "Contoso")
    domain = fact_or(tenant, "domain", "contoso.onmicrosoft.com")
    return {
        "id": tenant.id,
        "displayName": name,
        "tenantType": "AAD",
        "createdDateTime": fact_or(tenant, "created_at", "2019-02-04T09:12:00Z"),
        "verifiedDomains": [
            {"capabilities": "Email", "isDefault": True, "isInitial": True, "name": domain, "type": "Managed"}
        ],
        "assignedPlans": _premium_plans(context),
    }


def _premium_plans(context: Context) -> list[Item]:
    """Entra ID's own plans, P1 and P2, of those that the tenant has; a real tenant lists those of other services, too."""
    assigned = fact_or(context.tenant, "created_at", "2019-02-04T09:12:00Z")
    return [
        {
            "assignedDateTime": assigned,
            "capabilityStatus": "Enabled" if context.has_premium(plan) else "Deleted",
            "service": "AADPremiumService",
            "servicePlanId": plan_id,
        }
        for plan, plan_id in _PREMIUM_PLANS
    ]


def mailbox_settings(context: Context, user: int) -> Item:
    """The settings of a user's mailbox.

    Raises:
        GraphError: 404 when there is no mailbox.
    """
    row = context.db.execute("SELECT purpose FROM mailboxes WHERE user_key = ?", (user,)).fetchone()
    if row is None:
        message = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
        raise GraphError(404, "MailboxNotEnabledForRESTAPI", message)
    return {
        "archiveFolder": None,
        "automaticRepliesSetting": {"status": "disabled", "externalAudience": "all"},
        "dateFormat": "yyyy-MM-dd",
        "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly",
        "language": {"locale": "en-US", "displayName": "English (United States)"},
        "timeFormat": "HH:mm",
        "timeZone": "UTC",
        "userPurpose": row[0],
        "workingHours": None,
    }


def _shaper(
    entity: EntityType, make: Callable[[Row], Item]
) -> Callable[[Context, Caller, Query, Sequence[Row]], list[Item]]:
    def shape(_context: Context, _caller: Caller, query: Query, rows: Sequence[Row]) -> list[Item]:
        entity.check(query.select)
        return [picked(make(row), query.select) for row in rows]

    return shape
