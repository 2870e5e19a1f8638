"""Licenses: direct, through one group, through two, both ways; with plans switched off, with errors, with seats to spare."""

from __future__ import annotations

from collections.abc import Sequence

from emulators.graph.tenant.generation.maker import Maker
from emulators.graph.tenant.state import Rel, to_json
from emulators.graph.tenant.wellknown import sku_body, skus

_WHEN = "2026-04-15T06:30:00Z"
_SPARE = 0.2  # seats that nobody uses, of those that are used
# Of the users who have a license through a group, by remainder of their key: a few with an error.
_STATE = (
    "CASE e.target % 53 WHEN 7 THEN 'Error' WHEN 11 THEN 'ActiveWithError' WHEN 13 THEN 'Disabled' ELSE 'Active' END, "
    "CASE e.target % 53 WHEN 7 THEN 'CountViolation' WHEN 11 THEN 'DependencyViolation' END"
)
_FEW_ERRORS_FROM = 60  # users: in a smaller tenant one user has the error


def make_licenses(maker: Maker) -> None:
    """Subscriptions, and what users and groups have of them."""
    by_name = {sku["skuPartNumber"]: sku for sku in skus()}
    groups, users = maker.groups, maker.users
    huge = groups.get("all", ())[2:3]
    e5, bi = by_name["SPE_E5"], by_name["POWER_BI_PRO"]
    _to_groups(maker, huge, e5["skuId"], [])
    _to_groups(maker, groups.get("dynamic", ())[:1], e5["skuId"], [e5["plans"]["SWAY"]])
    _to_groups(maker, groups.get("synced", ())[:1], bi["skuId"], [])
    dice = maker.dice("licenses")
    _to_users(maker, dice.few(users, len(users) // 25 + 1), e5["skuId"], [])
    _to_users(maker, dice.few(users, len(users) // 10 + 1), bi["skuId"], [bi["plans"]["EXCHANGE_S_FOUNDATION"]])
    _to_users(maker, dice.few(users, len(users) // 6 + 1), by_name["SPE_F1"]["skuId"], [])
    _to_users(maker, dice.few(users, len(users) // 3 + 1), by_name["FLOW_FREE"]["skuId"], [])
    _to_users(maker, dice.few(users, 3), by_name["CRMSTANDARD"]["skuId"], [])
    _both_ways(maker, huge, e5["skuId"])
    if 0 < len(users) < _FEW_ERRORS_FROM:
        maker.tenant.db.execute(
            "UPDATE user_licenses SET state = 'Error', error = 'CountViolation' WHERE by_group <> 0 AND user_key = "
            "(SELECT MAX(user_key) FROM user_licenses WHERE by_group <> 0 AND user_key <= ?)",
            (users[-1],),
        )
    for sku in skus():
        used = maker.tenant.db.execute(
            "SELECT COUNT(DISTINCT user_key) FROM user_licenses WHERE sku_id = ? AND state <> 'Error'", (sku["skuId"],)
        ).fetchone()[0]
        body = to_json(sku_body(sku, int(used * (1 + _SPARE)) + 5))
        maker.tenant.db.execute("INSERT INTO subscribed_skus VALUES (?, ?)", (sku["skuId"], body))


def _to_groups(maker: Maker, groups: Sequence[int], sku: str, plans: list[str]) -> None:
    for group in groups:
        maker.tenant.db.execute("INSERT INTO group_licenses VALUES (?, ?, ?)", (group, sku, to_json(plans)))
        maker.tenant.db.execute(
            f"INSERT INTO user_licenses SELECT e.target, ?, ?, ?, {_STATE}, ? FROM edges e JOIN objects o "
            "ON o.key = e.target AND o.type = 'user' WHERE e.rel = ? AND e.source = ? ORDER BY e.target",
            (sku, group, to_json(plans), _WHEN, Rel.MEMBER, group),
        )


def _to_users(maker: Maker, users: Sequence[int], sku: str, plans: list[str]) -> None:
    maker.tenant.db.executemany(
        "INSERT OR IGNORE INTO user_licenses VALUES (?, ?, 0, ?, 'Active', NULL, ?)",
        ((user, sku, to_json(plans), _WHEN) for user in users),
    )


def _both_ways(maker: Maker, groups: Sequence[int], sku: str) -> None:
    """Someone has the license directly as well as through the group."""
    for group in groups:
        row = maker.tenant.db.execute("SELECT MIN(user_key) FROM user_licenses WHERE by_group = ?", (group,)).fetchone()
        if row[0] is not None:
            _to_users(maker, (row[0],), sku, [])
