"""One page of a delta query over directory objects, of one type or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from emulators.graph.service.context import Context
from emulators.graph.service.delta.relations import Relations
from emulators.graph.service.delta.rules import REL
from emulators.graph.service.delta.state import Position, Round, replayed_since
from emulators.graph.service.resources.joined import JOINED, marks

_decode = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class Page:
    """The items of a page, and the round as the next page goes on with it; None after the last."""

    items: list[dict[str, Any]]
    following: Round | None


@dataclass(frozen=True, slots=True)
class _Object:
    key: int
    id: str
    type: str
    body: str
    deleted: str | None
    created_seq: int


class ObjectRound:
    """Reads the pages of one round over objects. ``minimal``: only what changed is shown of each."""

    def __init__(self, context: Context, state: Round, *, minimal: bool) -> None:
        self._context = context
        self._state = state
        self._minimal = minimal
        self._tracked = {part.type: part for part in state.followed.parts}
        self._replayed_since = replayed_since(context, state)

    def page(self) -> Page:
        """The page after the round's position."""
        most = self._context.variants.delta_page_size
        found = self._objects(most + 1)
        objects, more = found[:most], len(found) > most
        changed = self._changed_names([one.key for one in objects])
        relations = self._relations(objects, {key for key, names in changed.items() if "*" in names})
        joined = self._joined(objects)
        items: list[dict[str, Any]] = []
        budget = self._context.variants.delta_slice_size
        for one in objects:
            names = changed.get(one.key, set())
            if one.deleted is not None:
                items += self._removed(one, names)
                continue
            item = self._properties(one, names, joined)
            items.append(item)
            budget, position = self._add_relations(one, item, relations, budget)
            if position is not None:
                return Page(items, self._at(position))
        return Page(items, self._at((objects[-1].key, len(REL), 0)) if more else None)

    def _at(self, position: Position) -> Round:
        return msgspec.structs.replace(self._state, position=position)

    def _relations(self, objects: Sequence[_Object], starred: set[int]) -> Relations:
        """``starred`` objects came, or came back; those that did so since the last call come with everything they have."""
        since = self._state.since
        whole: set[int] = set()
        if since is not None and starred:
            rows = self._context.db.execute(
                f"SELECT key FROM property_changes WHERE seq > ? AND name = '*' AND key IN ({marks(tuple(starred))})",
                (since, *starred),
            )
            whole = {key for (key,) in rows}
        names = {name for part in self._tracked.values() for name in part.relations}
        keys = [one.key for one in objects]
        return Relations(
            self._context,
            tuple(names),
            since=since,
            replayed_since=self._replayed_since,
            whole=whole,
            keys=keys,
        )

    def _objects(self, most: int) -> list[_Object]:
        types = tuple(self._tracked)
        # A unary plus keeps SQLite from walking a whole type where ids, or keys in their order, lead to the rows.
        single = len(types) == 1 and self._state.followed.ids is None
        where = [f"{'' if single else '+'}o.type IN ({marks(types)})"]
        values: list[Any] = [*types]
        source = "objects o"
        if self._state.position is not None:
            key, index, _ = self._state.position
            where.append("o.key >= ?" if index < len(REL) else "o.key > ?")
            values.append(key)
        ids = self._state.followed.ids
        if ids is not None:
            where.append(f"o.id IN ({marks(ids)})")
            values += ids
        if self._state.since is None:
            shown = " OR o.deleted = 'changed'" if self._context.variants.delta_initial_removed else ""
            where.append(f"(o.deleted IS NULL{shown})")
        else:
            source, changes = self._changed_source()
            values = [*changes, *values]
        sql = (
            f"SELECT o.key, o.id, o.type, o.body, o.deleted, o.created_seq FROM {source}"
            f" WHERE {' AND '.join(where)} ORDER BY o.key LIMIT ?"
        )
        return [_Object(*row) for row in self._context.db.execute(sql, (*values, most))]

    def _changed_source(self) -> tuple[str, list[Any]]:
        """The objects of which anything that is tracked changed."""
        selects: list[str] = []
        values: list[Any] = []
        for part in self._tracked.values():
            names, rels = ("*", *part.properties), [REL[name] for name in part.relations]
            selects += [
                (
                    "SELECT p.key FROM property_changes p JOIN objects q ON q.key = p.key AND q.type = ?"
                    f" WHERE p.seq > ? AND p.name IN ({marks(names)})"
                ),
                (
                    "SELECT p.source FROM edge_changes p JOIN objects q ON q.key = p.source AND q.type = ?"
                    f" WHERE p.seq > ? AND p.rel IN ({marks(rels)})"
                ),
            ]
            values += [part.type, self._replayed_since, *names, part.type, self._replayed_since, *rels]
        return f"({' UNION '.join(selects)}) c JOIN objects o ON o.key = c.key", values

    def _changed_names(self, keys: Sequence[int]) -> dict[int, set[str]]:
        changed: dict[int, set[str]] = {}
        if self._state.since is not None:
            rows = self._context.db.execute(
                f"SELECT key, name FROM property_changes WHERE seq > ? AND key IN ({marks(keys)})",
                (self._replayed_since, *keys),
            )
            for key, name in rows:
                changed.setdefault(key, set()).add(name)
        return changed

    def _joined(self, objects: Sequence[_Object]) -> dict[tuple[str, str], Any]:
        """What other tables hold, by type and property."""
        joined: dict[tuple[str, str], Any] = {}
        for part in self._tracked.values():
            keys = [one.key for one in objects if one.type == part.type]
            for name in part.properties:
                if keys and (part.type, name) in JOINED:
                    joined[part.type, name] = JOINED[part.type, name](self._context.db, keys)
        return joined

    def _removed(self, one: _Object, changed: set[str]) -> list[dict[str, Any]]:
        """What came and went for good between two calls is never mentioned."""
        since = self._state.since
        if since is not None and ("*" not in changed or (one.deleted == "deleted" and one.created_seq > since)):
            return []
        return [self._typed(one) | {"id": one.id, "@removed": {"reason": one.deleted}}]

    def _typed(self, one: _Object) -> dict[str, Any]:
        return {"@odata.type": f"#microsoft.graph.{one.type}"} if self._state.followed.annotated else {}

    def _properties(self, one: _Object, changed: set[str], joined: dict[tuple[str, str], Any]) -> dict[str, Any]:
        body = _decode(one.body)
        item: dict[str, Any] = self._typed(one) | {"id": one.id}
        for name in self._tracked[one.type].properties:
            if self._minimal and name not in changed and "*" not in changed:
                continue
            if (one.type, name) in joined:
                values = joined[one.type, name]
                if one.key in values or name in changed:
                    item[name] = values.get(one.key, [])
            elif name in body:
                item[name] = body[name]
        return item

    def _add_relations(
        self, one: _Object, item: dict[str, Any], relations: Relations, budget: int
    ) -> tuple[int, Position | None]:
        """Add relationship rows while the page has room. What is left of it, and where to go on if it was too little."""
        first, after = 0, 0
        if self._state.position is not None and self._state.position[0] == one.key:
            _, first, after = self._state.position
        for index, name in enumerate(self._tracked[one.type].relations):
            if index < first:
                continue
            rows = relations.rows(one.key, name, after if index == first else 0, budget + 1)
            shown = rows[:budget]
            if shown:
                item[f"{name}@delta"] = [row.item() for row in shown]
            if len(rows) > budget:
                reached = shown[-1].key if shown else (after if index == first else 0)
                return 0, (one.key, index, reached)
            budget -= len(shown)
        return budget, None
