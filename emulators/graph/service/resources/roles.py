"""Role definitions and assignments, and Privileged Identity Management's schedules and instances."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from emulators.graph.service.context import Context
from emulators.graph.service.errors import GraphError
from emulators.graph.service.messages import Caller
from emulators.graph.service.odata.columns import Column
from emulators.graph.service.odata.query import Expand, Query
from emulators.graph.service.resources.app_roles import picked
from emulators.graph.service.resources.collection import UNPAGED, Collection, PageSize, Row
from emulators.graph.service.resources.joined import marks
from emulators.graph.service.resources.shaping import OBJECT_FIELDS, object_rows, shape_objects
from emulators.graph.service.resources.types import TYPES

_ALIVE = "EXISTS (SELECT 1 FROM objects p WHERE p.id = x.principal_id AND p.deleted IS NULL)"
_SCOPE_FIELDS = (
    "x.id, x.principal_id, x.role_id,"
    " CASE x.app_scope WHEN 0 THEN x.scope END, CASE x.app_scope WHEN 1 THEN x.scope END"
)
_SCOPE_COLUMNS = {
    "id": Column("x.id", "exact"),
    "principalId": Column("x.principal_id", "id"),
    "roleDefinitionId": Column("x.role_id", "id"),
    "directoryScopeId": Column("CASE x.app_scope WHEN 0 THEN x.scope END"),
    "appScopeId": Column("CASE x.app_scope WHEN 1 THEN x.scope END"),
}
_OPTIONS = frozenset({"$select", "$filter", "$expand", "$top"})
_PATH = "roleManagement/directory"

Item = dict[str, Any]


def role_definitions() -> Collection:
    """Every role definition, built in or custom."""
    entity = TYPES["unifiedRoleDefinition"]
    columns = {
        name: Column(f"json_extract(x.body, '$.{name}')", kind)
        for name, kind in entity.kinds.items()
        if name in ("displayName", "isBuiltIn", "isEnabled", "templateId", "version")
    }

    def shape(_context: Context, _caller: Caller, query: Query, rows: Sequence[Row]) -> list[Item]:
        entity.check(query.select)
        return [picked({"id": role} | msgspec.json.decode(body), query.select) for *_, role, body in rows]

    return Collection(
        context=f"{_PATH}/roleDefinitions",
        type=entity,
        source="role_definitions x",
        order=("x.id",),
        fields="x.id, x.body",
        id_column="x.id",
        filterable=columns | {"id": Column("x.id", "id")},
        shape=shape,
        page=UNPAGED,
        options=frozenset({"$select", "$filter"}),
    )


def role_assignments() -> Collection:
    """Assignments that are in force, without those of deleted principals."""
    return Collection(
        context=f"{_PATH}/roleAssignments",
        type=TYPES["unifiedRoleAssignment"],
        source="role_assignments x",
        where=_ALIVE,
        order=("x.key",),
        fields=_SCOPE_FIELDS,
        id_column="x.id",
        filterable=_SCOPE_COLUMNS,
        shape=_shaper("unifiedRoleAssignment", _assignment),
        options=_OPTIONS,
    )


def schedules(kind: str) -> Collection:
    """Schedules of ``assignment`` or ``eligibility``; permanent direct assignments have one as well."""
    name = f"role{kind.capitalize()}Schedules"
    entity = f"unifiedRole{kind.capitalize()}Schedule"
    return Collection(
        context=f"{_PATH}/{name}",
        type=TYPES[entity],
        source=f"({_INSTANCES[kind]} UNION ALL {_ahead(kind)}) x",
        where=f"x.member = 0 AND {_ALIVE}",
        order=("x.part", "x.key"),
        fields=f"{_SCOPE_FIELDS}, {_SCHEDULE_FIELDS}",
        id_column="x.schedule_id",
        filterable=_SCOPE_COLUMNS,
        shape=_shaper(entity, _schedule),
        page=PageSize(100, 999),
        options=_OPTIONS,
    )


def instances(kind: str) -> Collection:
    """What is in force or eligible now, with a line for each member of a group that holds it."""
    name = f"role{kind.capitalize()}ScheduleInstances"
    entity = f"unifiedRole{kind.capitalize()}ScheduleInstance"
    offered = frozenset({"eq", "ne"})
    columns = {"memberType": Column("CASE x.member WHEN 0 THEN 'Direct' ELSE 'Group' END", "string", offered)}
    if kind == "assignment":
        columns["assignmentType"] = Column("x.assignment_type", "string", offered)
    return Collection(
        context=f"{_PATH}/{name}",
        type=TYPES[entity],
        source=f"({_INSTANCES[kind]} UNION ALL {_through_groups(kind)}) x",
        where=f"x.in_force AND {_ALIVE}",
        order=("x.part", "x.key", "x.member"),
        fields=f"{_SCOPE_FIELDS}, {_SCHEDULE_FIELDS}",
        id_column="x.id",
        filterable=_SCOPE_COLUMNS | columns,
        shape=_shaper(entity, _assignment_instance if kind == "assignment" else _eligibility_instance),
        page=PageSize(100, 999),
        options=_OPTIONS,
    )


_SCHEDULE_FIELDS = "x.schedule_id, x.assignment_type, x.origin_id, x.starts_at, x.ends_at, x.created_at, x.member"

# part 0: rows of role_assignments, each with the schedule that is in force with it, if any; part 1: role_schedules.
# `member` is 0 for the holder itself and else the key of a member of the group that holds the role.
_INSTANCES: Mapping[str, str] = {
    "assignment": (
        "SELECT 0 AS part, a.key AS key, 0 AS member, coalesce(s.id, a.id) AS id, a.principal_id AS principal_id, a.role_id AS role_id,"
        " a.scope AS scope, a.app_scope AS app_scope, coalesce(s.schedule_id, a.id) AS schedule_id,"
        " coalesce(s.assignment_type, 'Assigned') AS assignment_type, a.id AS origin_id, s.starts_at AS starts_at,"
        " s.ends_at AS ends_at, s.created_at AS created_at, 1 AS in_force"
        " FROM role_assignments a LEFT JOIN role_schedules s ON s.kind = 'assignment' AND s.role_assignment_id = a.id"
        " UNION ALL SELECT 1, s.key, 0, s.id, s.principal_id, s.role_id, s.scope, s.app_scope, s.schedule_id, s.assignment_type,"
        " s.role_assignment_id, s.starts_at, s.ends_at, s.created_at, 0 FROM role_schedules s"
        " WHERE s.kind = 'assignment' AND s.role_assignment_id IS NULL"
    ),
    "eligibility": (
        "SELECT 1 AS part, s.key AS key, 0 AS member, s.id AS id, s.principal_id AS principal_id,"
        " s.role_id AS role_id, s.scope AS scope, s.app_scope AS app_scope, s.schedule_id AS schedule_id,"
        " s.assignment_type AS assignment_type, NULL AS origin_id, s.starts_at AS starts_at, s.ends_at AS ends_at,"
        " s.created_at AS created_at, 1 AS in_force FROM role_schedules s WHERE s.kind = 'eligibility'"
    ),
}


def _ahead(kind: str) -> str:
    """Schedules that have not begun (variant ``pim_schedules_ahead``), which are requests still."""
    assignment_type = "'Assigned'" if kind == "assignment" else "NULL"
    return (
        f"SELECT 2, r.key, 0, r.id, r.principal_id, r.role_id, r.scope, r.app_scope, r.id, {assignment_type}, NULL,"
        " json_extract(r.body, '$.scheduleInfo.startDateTime'), strftime('%Y-%m-%dT%H:%M:%SZ', r.ends, 'unixepoch'),"
        " json_extract(r.body, '$.createdDateTime'), 0 FROM role_schedule_requests r"
        f" WHERE r.kind = '{kind}' AND r.status = 'ScheduleCreated'"
    )


def _through_groups(kind: str) -> str:
    return (
        "SELECT b.part, b.key, m.key, b.id || '-' || m.key, m.id, b.role_id, b.scope, b.app_scope, b.schedule_id,"
        " b.assignment_type, b.origin_id, b.starts_at, b.ends_at, b.created_at, b.in_force"
        f" FROM ({_INSTANCES[kind]}) b CROSS JOIN objects g ON g.id = b.principal_id AND g.type = 'group' AND g.deleted IS NULL"
        " CROSS JOIN edges e ON e.rel = 1 AND e.source = g.key"
        " CROSS JOIN objects m ON m.key = e.target AND m.type = 'user'"
    )


def _assignment(base: Item, _row: Row) -> Item:
    return base


def _schedule(base: Item, row: Row) -> Item:
    schedule, assignment_type, _, starts_at, ends_at, created_at, _ = row[-7:]
    item = base | {
        "id": schedule,
        "createdDateTime": created_at,
        "modifiedDateTime": None,
        "createdUsing": schedule,
        "status": "Provisioned",
        "memberType": "Direct",
        "scheduleInfo": {
            "startDateTime": starts_at,
            "recurrence": None,
            "expiration": {
                "type": "afterDateTime" if ends_at else "noExpiration",
                "endDateTime": ends_at,
                "duration": None,
            },
        },
    }
    return item | {"assignmentType": assignment_type} if assignment_type else item


def _instance(base: Item, row: Row) -> Item:
    _, _, _, starts_at, ends_at, _, member = row[-7:]
    dates = {"startDateTime": starts_at, "endDateTime": ends_at}
    return base | dates | {"memberType": "Group" if member else "Direct"}


def _assignment_instance(base: Item, row: Row) -> Item:
    schedule, assignment_type, origin, *_ = row[-7:]
    more = {"assignmentType": assignment_type, "roleAssignmentOriginId": origin, "roleAssignmentScheduleId": schedule}
    return _instance(base, row) | more


def _eligibility_instance(base: Item, row: Row) -> Item:
    return _instance(base, row) | {"roleEligibilityScheduleId": row[-7]}


def _shaper(
    entity: str, make: Callable[[Item, Row], Item]
) -> Callable[[Context, Caller, Query, Sequence[Row]], list[Item]]:
    keys = {"unifiedRoleAssignment": 1}.get(entity, 2 if entity.endswith("Schedule") else 3)

    def shape(context: Context, caller: Caller, query: Query, rows: Sequence[Row]) -> list[Item]:
        TYPES[entity].check(query.select)
        items = []
        for row in rows:
            identifier, principal, role, directory_scope, app_scope = row[keys : keys + 5]
            base = {"id": identifier, "principalId": principal, "roleDefinitionId": role}
            items.append(make(base | {"directoryScopeId": directory_scope, "appScopeId": app_scope}, row))
        if context.variants.pim_enums_as_schema:
            items = [_as_schema(item) for item in items]
        shaped = [picked(item, query.select) for item in items]
        for wanted in query.expand:
            _expand(context, caller, wanted, items, shaped)
        return shaped

    return shape


def _as_schema(item: Item) -> Item:
    """Enumerations begin with a small letter in Graph's schema, and with a capital one in its samples."""
    enums = {name: item[name] for name in ("assignmentType", "memberType") if item.get(name)}
    return item | {name: value[:1].lower() + value[1:] for name, value in enums.items()}


def _expand(context: Context, caller: Caller, wanted: Expand, items: Sequence[Item], shaped: Sequence[Item]) -> None:
    name, select = wanted.name, wanted.select
    if name == "roleDefinition":
        ids = {item["roleDefinitionId"] for item in items}
        found = _definitions(context, tuple(ids))
        for item, made in zip(items, shaped, strict=True):
            made[name] = picked(found[item["roleDefinitionId"]], select) if item["roleDefinitionId"] in found else None
        return
    ids_of = {"principal": _principal_id, "directoryScope": _scope_id}.get(name)
    if ids_of is None:
        message = f"Expand is not allowed for property '{name}' according to the entity schema."
        raise GraphError(400, "ExpandNotSupported", message)
    objects = _objects(context, caller, tuple({ids_of(item) for item in items}), select)
    for item, made in zip(items, shaped, strict=True):
        made[name] = objects.get(ids_of(item))


def _principal_id(item: Item) -> str:
    return str(item["principalId"])


def _scope_id(item: Item) -> str:
    return str(item["directoryScopeId"] or "").rpartition("/")[2]


def _definitions(context: Context, ids: Sequence[str]) -> dict[str, Item]:
    rows = context.db.execute(f"SELECT id, body FROM role_definitions WHERE id IN ({marks(ids)})", ids)
    return {role: {"id": role} | msgspec.json.decode(body) for role, body in rows}


def _objects(context: Context, caller: Caller, ids: Sequence[str], select: Sequence[str]) -> dict[str, Item]:
    rows = context.db.execute(f"SELECT {OBJECT_FIELDS} FROM objects o WHERE o.id IN ({marks(ids)})", ids)
    return {item["id"]: item for item in shape_objects(context, caller, object_rows(rows), select)}
