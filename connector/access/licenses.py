"""Licenses: the tenant's subscriptions, and the staged rows made from them."""

from __future__ import annotations

from connector.access.base import GraphObject, Row


class Units(GraphObject):
    """Seats of a subscription."""

    enabled: int | None = None
    suspended: int | None = None
    warning: int | None = None


class ServicePlan(GraphObject):
    """A service plan of a subscription."""

    service_plan_id: str | None = None
    service_plan_name: str | None = None
    provisioning_status: str | None = None


class SubscribedSku(GraphObject):
    """A subscription. https://learn.microsoft.com/graph/api/resources/subscribedsku"""

    sku_id: str
    sku_part_number: str | None = None
    applies_to: str | None = None
    capability_status: str | None = None
    prepaid_units: Units | None = None
    consumed_units: int | None = None
    service_plans: list[ServicePlan] | None = None


class ServicePlanValue(Row):
    """A service plan in a row of ``licenses``."""

    id: str | None = None
    name: str | None = None
    provisioning_status: str | None = None


class LicenseRow(Row):
    """A row of ``licenses``."""

    id: str
    sku_part_number: str | None = None
    applies_to: str | None = None
    capability_status: str | None = None
    enabled_units: int | None = None
    suspended_units: int | None = None
    warning_units: int | None = None
    consumed_units: int | None = None
    service_plans: list[ServicePlanValue] | None = None


def license_row(sku: SubscribedSku) -> LicenseRow:
    """The staged row of a subscription."""
    units = sku.prepaid_units or Units()
    return LicenseRow(
        id=sku.sku_id,
        sku_part_number=sku.sku_part_number,
        applies_to=sku.applies_to,
        capability_status=sku.capability_status,
        enabled_units=units.enabled,
        suspended_units=units.suspended,
        warning_units=units.warning,
        consumed_units=sku.consumed_units,
        service_plans=[
            ServicePlanValue(
                id=plan.service_plan_id, name=plan.service_plan_name, provisioning_status=plan.provisioning_status
            )
            for plan in sku.service_plans or ()
        ],
    )
