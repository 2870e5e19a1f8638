"""Properties of directory objects that are kept in tables of their own, read for a whole page at once."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

_decode = msgspec.json.decode
Values = Mapping[int, Any]


def marks(values: Sequence[object]) -> str:
    """Question marks for as many values."""
    return ",".join("?" * len(values))


def _license_states(db: sqlite3.Connection, keys: Sequence[int]) -> Values:
    rows = db.execute(
        "SELECT l.user_key, l.sku_id, g.id, l.disabled_plans, l.state, l.error, l.updated_at FROM user_licenses l"
        f" LEFT JOIN objects g ON g.key = l.by_group WHERE l.user_key IN ({marks(keys)})"
        " ORDER BY l.user_key, l.sku_id, l.by_group",
        keys,
    )
    states: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for user, sku, group, plans, state, error, updated_at in rows:
        states[user].append(
            {
                "skuId": sku,
                "assignedByGroup": group,
                "disabledPlans": _decode(plans) if plans != "[]" else [],
                "state": state,
                "error": error or "None",
                "lastUpdatedDateTime": updated_at,
            }
        )
    return states


def _user_licenses(db: sqlite3.Connection, keys: Sequence[int]) -> Values:
    """Direct and inherited licenses merged: a plan is disabled only where every way of having the SKU disables it."""
    rows = db.execute(
        "SELECT user_key, sku_id, disabled_plans FROM user_licenses"
        f" WHERE user_key IN ({marks(keys)}) AND state <> 'Error' ORDER BY user_key, sku_id, by_group",
        keys,
    )
    ways: dict[tuple[int, str], list[list[str]]] = defaultdict(list)
    for user, sku, plans in rows:
        ways[user, sku].append(_decode(plans))
    licenses: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for (user, sku), disabled in ways.items():
        plans = [plan for plan in disabled[0] if all(plan in others for others in disabled)]
        licenses[user].append({"disabledPlans": plans, "skuId": sku})
    return licenses


def _group_licenses(db: sqlite3.Connection, keys: Sequence[int]) -> Values:
    rows = db.execute(
        f"SELECT group_key, sku_id, disabled_plans FROM group_licenses WHERE group_key IN ({marks(keys)})"
        " ORDER BY group_key, sku_id",
        keys,
    )
    licenses: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for group, sku, plans in rows:
        licenses[group].append({"disabledPlans": _decode(plans), "skuId": sku})
    return licenses


def _sign_ins(db: sqlite3.Connection, keys: Sequence[int]) -> Values:
    rows = db.execute(f"SELECT user_key, body FROM sign_in_activity WHERE user_key IN ({marks(keys)})", keys)
    return {user: _decode(body) for user, body in rows}


JOINED: Mapping[tuple[str, str], Callable[[sqlite3.Connection, Sequence[int]], Values]] = {
    ("user", "licenseAssignmentStates"): _license_states,
    ("user", "assignedLicenses"): _user_licenses,
    ("user", "signInActivity"): _sign_ins,
    ("group", "assignedLicenses"): _group_licenses,
}
"""How to read each such property, by type and name, for the keys of a page."""
