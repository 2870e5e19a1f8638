"""What directory objects can be filtered, sorted and searched by, from ``data/filters.json``.

Source of the data: the property descriptions of Microsoft's OpenAPI document ("Supports $filter (…)"), with what they leave out
and what captures of the live service show to work in advanced queries only (``advanced``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from emulators.graph.service.odata.columns import ADVANCED, OPERATORS, Column, Items
from emulators.graph.service.resources.types import TYPES

_OFFERED: Mapping[str, Mapping[str, str]] = msgspec.json.decode(
    Path(__file__).parents[1].joinpath("data", "filters.json").read_bytes(), type=dict[str, dict[str, str]]
)
_SIGN_INS = ("lastSignInDateTime", "lastNonInteractiveSignInDateTime", "lastSuccessfulSignInDateTime")
_SKU = {"skuId": Column("x.sku_id", "guid")}
_GUIDS = {"servicePlanId", "appRoleId"}  # Edm.Guid inside collections; resourceAppId and most other ids are text
_ROWS: Mapping[tuple[str, str], Items] = {
    ("user", "assignedLicenses"): Items(
        "(SELECT DISTINCT user_key, sku_id FROM user_licenses WHERE state <> 'Error') x",
        "x.user_key = o.key",
        fields=_SKU,
    ),
    ("group", "assignedLicenses"): Items("group_licenses x", "x.group_key = o.key", fields=_SKU),
}
_OWNED = "edges x JOIN objects w ON w.key = x.{} AND w.deleted IS NULL"
_NEIGHBORS: Mapping[str, Items] = {
    "owners": Items(_OWNED.format("target"), "x.rel = 2 AND x.source = o.key"),
    "ownedObjects": Items(_OWNED.format("source"), "x.rel = 2 AND x.target = o.key"),
    "ownedDevices": Items(_OWNED.format("source") + " AND w.type = 'device'", "x.rel = 2 AND x.target = o.key"),
}
_ANY_OBJECT = ("displayName", "description")
_NONE = Items("(SELECT 1) x", "0")


@cache
def columns_of(type_name: str) -> Mapping[str, Column]:
    """What ``$filter`` can use on objects of a type, by property."""
    columns: dict[str, Column] = {"id": Column("o.id", "id", frozenset({"eq", "in"}))}
    for name, words in _OFFERED[type_name].items():
        if name != "id":
            columns[name] = _column(type_name, name, words.split())
    if type_name == "user":
        columns |= {f"signInActivity/{name}": _sign_in(name) for name in _SIGN_INS}
    return columns


@cache
def sortable(type_name: str) -> frozenset[str]:
    """What ``$orderby`` can use."""
    return frozenset(name for name, words in _OFFERED[type_name].items() if "orderby" in words.split())


@cache
def searchable(type_name: str) -> frozenset[str]:
    """What ``$search`` finds by the words in it; any other text property is found by how it begins."""
    return frozenset(name for name, words in _OFFERED[type_name].items() if "search" in words.split())


def relationship_columns() -> Mapping[str, Column]:
    """What relationships of several types can be filtered by."""
    offered = frozenset({"eq", "ne", "not", "in", "startswith", "endswith", "null", "ge", "le"})
    names = {name: Column(f"json_extract(o.body, '$.{name}')", "string", offered) for name in _ANY_OBJECT}
    return {"id": Column("o.id", "id", frozenset({"eq", "in"}))} | names


def _column(type_name: str, name: str, words: list[str]) -> Column:
    offered = frozenset(words) & OPERATORS
    advanced = offered if "advanced" in words else offered & ADVANCED
    entity = TYPES[type_name]
    path = f"json_extract(o.body, '$.{name}')"
    if name in entity.navigation:
        return Column("NULL", "collection", offered, advanced, _NEIGHBORS.get(name, _NONE))
    kind = entity.kinds[name]
    if kind == "collection":
        return Column(path, kind, offered, advanced, _ROWS.get((type_name, name)) or _json_items(name))
    inside = f"json_extract(o.body, '$.{name}.{{}}')" if kind == "object" else ""
    return Column(path, "exact" if name == "appId" else kind, offered, advanced, inside=inside)


def _json_items(name: str) -> Items:
    guids = {prop: Column(f"json_extract(x.value, '$.{prop}')", "guid") for prop in _GUIDS}
    return Items(
        f"json_each(o.body, '$.{name}') x",
        "x.type <> 'null'",
        value="x.value",
        fields=guids,
        template="CASE x.type WHEN 'object' THEN json_extract(x.value, '$.{}') END",
    )


def _sign_in(name: str) -> Column:
    sql = f"(SELECT json_extract(s.body, '$.{name}') FROM sign_in_activity s WHERE s.user_key = o.key)"
    return Column(sql, "time", frozenset({"eq", "ne", "not", "ge", "le", "null"}), alone=True)
