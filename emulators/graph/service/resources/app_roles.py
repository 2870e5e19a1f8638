"""App role assignments: what principals hold on a service principal, and what a principal holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from emulators.graph.service.context import Context
from emulators.graph.service.messages import Caller
from emulators.graph.service.odata.columns import Column
from emulators.graph.service.odata.query import Query
from emulators.graph.service.resources.collection import Collection, Row
from emulators.graph.service.resources.types import TYPES

_FIELDS = (
    "a.id, a.app_role_id, a.created_at, p.id, p.type, json_extract(p.body, '$.displayName'),"
    " r.id, json_extract(r.body, '$.displayName')"
)
_SOURCE = (
    "app_role_assignments a JOIN objects p ON p.key = a.principal AND p.deleted IS NULL"
    " JOIN objects r ON r.key = a.resource AND r.deleted IS NULL"
)
_PRINCIPALS = {"user": "User", "group": "Group", "servicePrincipal": "ServicePrincipal"}
_COLUMNS = {
    "id": Column("a.id", "exact"),
    "principalId": Column("p.id", "guid"),
    "resourceId": Column("r.id", "guid"),
    "appRoleId": Column("a.app_role_id", "guid"),
    "principalDisplayName": Column("json_extract(p.body, '$.displayName')"),
}


def app_role_assignments(context: str, side: str, key: int) -> Collection:
    """Assignments of the object ``key``, which is on this ``side``: ``principal`` or ``resource``."""
    return Collection(
        context=context,
        type=TYPES["appRoleAssignment"],
        source=_SOURCE,
        where=f"a.{side} = ?",
        parameters=(key,),
        order=("a.key",),
        fields=_FIELDS,
        id_column="a.id",
        filterable=_COLUMNS,
        shape=_shape,
        options=frozenset({"$select", "$top", "$filter"}),
    )


def first_assignments(
    db: sqlite3.Connection, side: str, key: int, most: int, select: Sequence[str]
) -> list[dict[str, Any]]:
    """The first few assignments of an object, for ``$expand``."""
    sql = f"SELECT a.key, {_FIELDS} FROM {_SOURCE} WHERE a.{side} = ? ORDER BY a.key LIMIT ?"
    return [_item(row, select) for row in db.execute(sql, (key, most))]


def assignments_by_id(db: sqlite3.Connection, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Those of the assignments with these ids whose principals and resources are not deleted."""
    sql = f"SELECT a.key, {_FIELDS} FROM {_SOURCE} WHERE a.id IN ({','.join('?' * len(ids))})"
    return {row[1]: _item(row, ()) for row in db.execute(sql, tuple(ids))}


def _shape(_context: Context, _caller: Caller, query: Query, rows: Sequence[Row]) -> list[dict[str, Any]]:
    TYPES["appRoleAssignment"].check(query.select)
    return [_item(row, query.select) for row in rows]


def _item(row: Row, select: Sequence[str]) -> dict[str, Any]:
    _, assignment, role, created_at, principal, kind, principal_name, resource, resource_name = row
    item = {
        "id": assignment,
        "deletedDateTime": None,
        "appRoleId": role,
        "createdDateTime": created_at,
        "principalDisplayName": principal_name,
        "principalId": principal,
        "principalType": _PRINCIPALS.get(kind, kind),
        "resourceDisplayName": resource_name,
        "resourceId": resource,
    }
    return picked(item, select)


def picked(item: dict[str, Any], select: Sequence[str]) -> dict[str, Any]:
    """``item`` with the selected properties only, and its id."""
    return {name: item.get(name) for name in dict.fromkeys(("id", *select))} if select else item
