"""Groups of every kind, and devices and contacts; their members are made in ``memberships.py``."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any

from emulators.graph.tenant.bodies import group_body
from emulators.graph.tenant.generation.maker import Dice, Maker
from emulators.graph.tenant.generation.names import DEPARTMENTS, OFFICES, PURPOSES, TOPICS

# kind -> (kind of bodies.GROUP_KINDS, share of the groups that are drawn)
_KINDS: dict[str, tuple[str, int]] = {
    "plain": ("security", 34),
    "team": ("microsoft_365", 26),
    "hidden": ("microsoft_365", 2),
    "dynamic": ("security", 6),
    "dynamic_team": ("microsoft_365", 2),
    "synced": ("security", 14),
    "synced_list": ("distribution", 3),
    "unsynced": ("security", 1),
    "mail_security": ("mail_enabled_security", 4),
    "list": ("distribution", 6),
    "role": ("security", 2),
}
# The first groups, so that small tenants have some of everything and enough plain groups to nest in a chain and a cycle.
_FIRST = (
    "team", "dynamic", "plain", "role", "synced", "plain", "plain", "plain", "plain", "plain", "plain", "plain", "plain",
    "plain", "plain", "hidden", "list", "mail_security", "dynamic_team", "synced_list", "role", "synced", "unsynced",
    "team", "role", "synced", "plain", "plain",
)  # fmt: skip
MINIMUM = len(_FIRST)
"""Groups of a tenant that has some of everything."""
_HUGE = ("All Company", "All Employees (dynamic)", "Everyone with E5")
_MAX_ROLE_GROUPS = 40


def make_groups(maker: Maker, count: int) -> None:
    """``count`` groups that stay, some Microsoft 365 groups that are deleted at the end, devices and contacts."""
    leavers = max(1, count // 60) if count else 0
    dice = maker.dice("groups")
    weights = [share for _, share in _KINDS.values()]
    drawn = dice.choices(tuple(_KINDS), weights, k=max(0, count - MINIMUM))
    kinds = [*_FIRST[:count], *_few_role_groups(drawn), *["team"] * leavers]
    keys = maker.insert("group", _bodies(maker, dice, kinds))
    by_kind: dict[str, array[int]] = {kind: array("q") for kind in _KINDS}
    for key, kind in zip(keys[:count], kinds, strict=False):
        by_kind[kind].append(key)
    maker.groups = {**by_kind, "all": keys[:count], "leavers": keys[count:]}
    size = len(maker.users)
    maker.devices = maker.insert("device", _devices(maker, max(3, size // 20) if count else 0))
    maker.contacts = maker.insert("orgContact", _contacts(maker, max(2, size // 60) if count else 0))


def _few_role_groups(kinds: list[str]) -> list[str]:
    left = _MAX_ROLE_GROUPS
    for index, kind in enumerate(kinds):
        if kind == "role":
            left -= 1
            if left < 0:
                kinds[index] = "plain"
    return kinds


def _bodies(maker: Maker, dice: Dice, kinds: list[str]) -> Iterator[dict[str, Any]]:
    domain = maker.tenant.fact("domain")
    for index, kind in enumerate(kinds):
        if index < len(_HUGE):
            name = _HUGE[index]
        elif kind in ("team", "hidden", "dynamic_team"):
            name = f"{dice.one(TOPICS)} {dice.one(OFFICES).split()[0]} {index}"
        else:
            name = f"{dice.one(DEPARTMENTS)} {dice.one(PURPOSES)} {index}"
        body = group_body(name, _KINDS[kind][0], domain, dice.past(2500))
        if dice.chance(0.6):
            body["description"] = f"{name}: {dice.one(TOPICS).lower()}"
        yield body | _by_kind(dice, kind, index, body)


def _by_kind(dice: Dice, kind: str, index: int, body: dict[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if kind in ("dynamic", "dynamic_team"):
        changes |= {
            "groupTypes": [*body["groupTypes"], "DynamicMembership"],
            "membershipRule": f'(user.department -eq "{dice.one(DEPARTMENTS)}")',
            "membershipRuleProcessingState": "Paused" if dice.chance(0.1) else "On",
        }
    if kind in ("synced", "synced_list", "unsynced"):
        changes |= {
            "onPremisesSyncEnabled": kind != "unsynced",
            "onPremisesDomainName": "corp.contoso.example",
            "onPremisesSamAccountName": f"g{index}",
            "onPremisesSecurityIdentifier": f"S-1-5-21-1004336348-1177238915-682003330-{500_000 + index}",
            "onPremisesLastSyncDateTime": dice.past(2),
        }
    if kind == "role":
        changes["isAssignableToRole"] = True
    elif kind == "plain" and dice.chance(0.5):
        changes["isAssignableToRole"] = False
    if kind == "hidden":
        changes["visibility"] = "HiddenMembership"
    elif kind == "team":
        changes["visibility"] = dice.one(("Public", "Private"))
        if dice.chance(0.2):
            changes["expirationDateTime"] = "2027-01-31T00:00:00Z"
    return changes


def _devices(maker: Maker, count: int) -> Iterator[dict[str, Any]]:
    dice = maker.dice("devices")
    for index in range(count):
        yield {
            "displayName": f"CONTOSO-{index:05d}",
            "accountEnabled": True,
            "deviceId": dice.guid(),
            "operatingSystem": dice.one(("Windows", "iOS", "macOS", "Android")),
            "trustType": dice.one(("AzureAd", "ServerAd", "Workplace")),
        }


def _contacts(maker: Maker, count: int) -> Iterator[dict[str, Any]]:
    del maker
    for index in range(count):
        yield {"displayName": f"Supplier {index}", "mail": f"supplier{index}@litware.example", "companyName": "Litware"}
