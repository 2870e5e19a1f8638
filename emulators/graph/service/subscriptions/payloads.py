"""The JSON of one notification.

The outer members are documented; ``resourceData`` follows bodies captured live. What a notification of ``members`` or
``owners`` looks like is not documented, and neither is the inside of ``members@delta``: do not rely on either.
"""

from __future__ import annotations

from typing import Any

from emulators.graph.service.subscriptions.changes import Change
from emulators.graph.service.subscriptions.model import Subscription, written

_PLURAL = {"user": "Users", "group": "Groups"}
_TICKS = 10_000_000
_SECONDS_BEFORE_1970 = 62_135_596_800


def change_item(
    subscription: Subscription, change: Change, tenant_id: str, now: float, *, with_members: bool
) -> dict[str, Any]:
    """A notification that ``change`` happened."""
    plural = _PLURAL[change.type]
    address = f"{plural}/{change.id}"
    data: dict[str, Any] = {
        "@odata.type": f"#Microsoft.Graph.{plural[:-1]}",
        "@odata.id": address,
        "id": change.id,
        "organizationId": tenant_id,
        "eventTime": written(now),
        "sequenceNumber": int((now + _SECONDS_BEFORE_1970) * _TICKS),
    }
    if with_members and "members" in change.relations:
        data["members@delta"] = [
            {"id": member, "@removed": {"reason": "deleted"}} if left else {"id": member}
            for member, left in change.relations["members"]
        ]
    relation = subscription.target.relation
    return {
        "changeType": change.change_type,
        "clientState": subscription.client_state,
        "resource": f"{address}/{relation}" if relation else address,
        "resourceData": data,
        "subscriptionExpirationDateTime": written(subscription.expires_at),
        "subscriptionId": subscription.id,
        "tenantId": tenant_id,
    }


def lifecycle_item(subscription: Subscription, event: str, tenant_id: str) -> dict[str, Any]:
    """A lifecycle notification."""
    return {
        "subscriptionId": subscription.id,
        "subscriptionExpirationDateTime": written(subscription.expires_at),
        "tenantId": tenant_id,
        "clientState": subscription.client_state,
        "lifecycleEvent": event,
    }
