"""Properties of directory objects that are kept in tables of their own, read for a whole page at once."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from emulators.graph.service.resources import credentials

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
    states: dict[int, list[str]] = defaultdict(list)
    for user, sku, group, plans, state, error, updated_at in rows:
        by_group = f'"{group}"' if group else "null"
        states[user].append(
            f'{{"skuId":"{sku}","assignedByGroup":{by_group},"disabledPlans":{plans},"state":"{state}",'
            f'"error":"{error or "None"}","lastUpdatedDateTime":"{updated_at}"}}'
        )
    return _lists(states)


def _user_licenses(db: sqlite3.Connection, keys: Sequence[int]) -> Values:
    """Direct and inherited licenses merged: a plan is disabled only where every way of having the SKU disables it."""
    rows = db.execute(
        "SELECT user_key, sku_id, disabled_plans FROM user_licenses"
        f" WHERE user_key IN ({marks(keys)}) AND state <> 'Error' ORDER BY user_key, sku_id, by_group",
        keys,
    )
    ways: dict[tuple[int, str], list[str]] = defaultdict(list)
    for user, sku, plans in rows:
        ways[user, sku].append(plans)
    licenses: dict[int, list[str]] = defaultdict(list)
    for (user, sku), disabled in ways.items():
        licenses[user].append(_license(sku, disabled[0] if len(disabled) == 1 else _off_everywhere(disabled)))
    return _lists(licenses)


def _off_everywhere(disabled: Sequence[str]) -> str:
    first, *others = (_decode(plans) for plans in disabled)
    return msgspec.json.encode([plan for plan in first if all(plan in plans for plans in others)]).decode()


def _license(sku: str, plans: str) -> str:
    return f'{{"disabledPlans":{plans},"skuId":"{sku}"}}'


def _lists(items: Mapping[int, Sequence[str]]) -> Values:
    """JSON arrays by key. The items are JSON already: ids, words and times need no escaping, and there are thousands."""
    return {key: msgspec.Raw(f"[{','.join(some)}]".encode()) for key, some in items.items()}


def _group_licenses(db: sqlite3.Connection, keys: Sequence[int]) -> Values:
    rows = db.execute(
        f"SELECT group_key, sku_id, disabled_plans FROM group_licenses WHERE group_key IN ({marks(keys)})"
        " ORDER BY group_key, sku_id",
        keys,
    )
    licenses: dict[int, list[str]] = defaultdict(list)
    for group, sku, plans in rows:
        licenses[group].append(_license(sku, plans))
    return _lists(licenses)


def _sign_ins(db: sqlite3.Connection, keys: Sequence[int]) -> Values:
    rows = db.execute(f"SELECT user_key, body FROM sign_in_activity WHERE user_key IN ({marks(keys)})", keys)
    return {user: msgspec.Raw(body.encode()) for user, body in rows}


JOINED: Mapping[tuple[str, str], Callable[[sqlite3.Connection, Sequence[int]], Values]] = {
    ("user", "licenseAssignmentStates"): _license_states,
    ("user", "assignedLicenses"): _user_licenses,
    ("user", "signInActivity"): _sign_ins,
    ("group", "assignedLicenses"): _group_licenses,
    ("application", "passwordCredentials"): credentials.of_kind("secret"),
    ("application", "keyCredentials"): credentials.of_kind("certificate"),
}
"""How to read each such property, by type and name, for the keys of a page."""
