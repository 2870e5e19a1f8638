"""App role assignments in a delta query over ``directoryObjects``, which is the only one that has them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec

from emulators.graph.service.context import Context
from emulators.graph.service.delta.objects import Page
from emulators.graph.service.delta.state import Round, replayed_since
from emulators.graph.service.resources.app_roles import assignments_by_id
from emulators.graph.service.resources.joined import marks

_TYPE = {"@odata.type": "#microsoft.graph.appRoleAssignment"}
# What a deleted or restored principal or resource held or granted comes and goes with it.
_CHANGED = (
    "SELECT id FROM app_role_changes WHERE seq > ?1"
    " UNION SELECT a.id FROM property_changes p JOIN app_role_assignments a ON a.principal = p.key OR a.resource = p.key"
    " WHERE p.seq > ?1 AND p.name = '*'"
)


def page(context: Context, state: Round) -> Page:
    """The page after the round's position."""
    most = context.variants.delta_page_size
    source, values = "SELECT id FROM app_role_assignments", []
    if state.since is not None:
        source, values = _CHANGED, [replayed_since(context, state)]
    sql = f"SELECT id FROM ({source}) WHERE id > ?{len(values) + 1} ORDER BY id LIMIT {most + 1}"
    ids = [row[0] for row in context.db.execute(sql, (*values, state.assignment or ""))]
    shown = ids[:most]
    living = assignments_by_id(context.db, shown)
    gone = _gone(context, state, [one for one in shown if one not in living])
    items = [_TYPE | living[one] if one in living else _removed(one) for one in shown if one in living or one in gone]
    return Page(items, msgspec.structs.replace(state, assignment=shown[-1]) if len(ids) > most else None)


def _removed(identifier: str) -> dict[str, Any]:
    return _TYPE | {"id": identifier, "@removed": {"reason": "deleted"}}


def _gone(context: Context, state: Round, ids: list[str]) -> set[str]:
    """Those whose end is reported: never of what came and went between two calls, nor of anything in the first round."""
    if state.since is None:
        return set()
    rows = context.db.execute(
        f"SELECT id, op FROM app_role_changes WHERE seq > ? AND id IN ({marks(ids)}) ORDER BY seq", (state.since, *ids)
    )
    operations: dict[str, list[str]] = defaultdict(list)
    for identifier, operation in rows:
        operations[identifier].append(operation)
    return {one for one in ids if operations.get(one, ["remove"])[0] == "remove"}
