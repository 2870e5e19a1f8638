"""One holding as cells of a table, for `access` and `holders`."""

from __future__ import annotations

from connector.query.holdings import Holding

_REASONS = {
    "dynamic_membership": "dynamic membership",
    "synced_from_on_premises": "synced from on-premises",
    "managed_by_exchange": "managed by Exchange",
    "inherited_license": "license through a group",
    "kind_not_provisioned": "kind is only read",
    "inherited": "inherited",
}


def how(holding: Holding) -> str:
    """``direct`` or ``PIM``, or the path of names through groups."""
    if holding.path:
        return holding.route
    return {"pim": "PIM", "group": "through a group"}.get(holding.source or "", holding.source or "")


def entitlement(holding: Holding) -> str:
    """The entitlement's name, and for a license what is wrong with it."""
    name = holding.entitlement_name or holding.slug
    return f"{name} ({holding.license_error or holding.license_state})" if _is_faulty(holding) else name


def scope(holding: Holding) -> str:
    """Where it holds; nothing for the whole tenant."""
    return "" if holding.scope in (None, "/") else holding.scope_name or holding.scope or ""


def period(holding: Holding) -> str:
    """From when to when, in UTC; nothing where it is without limit."""
    start = f"from {holding.starts_at:%Y-%m-%d %H:%M}" if holding.starts_at else ""
    end = f"until {holding.ends_at:%Y-%m-%d %H:%M}" if holding.ends_at else ""
    return " ".join(part for part in (start, end) if part)


def revocable(holding: Holding) -> str:
    """``yes``, or why not."""
    if holding.revocable:
        return "yes"
    reason = holding.not_revocable_reason or ""
    return f"no: {_REASONS.get(reason, reason)}" if reason else ""


def _is_faulty(holding: Holding) -> bool:
    return holding.license_error is not None or holding.license_state not in (None, "Active")
