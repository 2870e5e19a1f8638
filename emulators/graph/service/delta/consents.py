"""One page of a delta query over ``oauth2PermissionGrants``, which are no directory objects."""

from __future__ import annotations

from typing import Any

import msgspec

from emulators.graph.service.context import Context
from emulators.graph.service.delta.objects import Page
from emulators.graph.service.delta.state import Round, replayed_since
from emulators.graph.service.resources.joined import marks


def page(context: Context, state: Round) -> Page:
    """The page after the round's position."""
    most = context.variants.delta_page_size
    where: list[str] = ["key > ?"]
    values: list[Any] = [state.position[0] if state.position else 0]
    if state.since is None:
        where.append("deleted IS NULL")
    else:
        where.append("changed_seq > ?")
        values.append(replayed_since(context, state))
    ids = state.followed.ids
    if ids is not None:
        where.append(f"lower(id) IN ({marks(ids)})")
        values += ids
    sql = (
        f"SELECT key, id, body, deleted FROM oauth2_permission_grants WHERE {' AND '.join(where)} ORDER BY key LIMIT ?"
    )
    rows = context.db.execute(sql, (*values, most + 1)).fetchall()
    items = [_item(state, *row[1:]) for row in rows[:most]]
    if len(rows) <= most:
        return Page(items, None)
    return Page(items, msgspec.structs.replace(state, position=(rows[most - 1][0], 0, 0)))


def _item(state: Round, identifier: str, body: str, deleted: str | None) -> dict[str, Any]:
    if deleted:
        return {"id": identifier, "@removed": {"reason": "deleted"}}
    content = msgspec.json.decode(body)
    return {"id": identifier} | {name: content[name] for name in state.followed.parts[0].properties if name in content}
