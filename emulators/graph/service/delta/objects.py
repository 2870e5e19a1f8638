"""One page of a delta query over directory objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from emulators.graph.service.context import Context
from emulators.graph.service.delta.relations import Relations
from emulators.graph.service.delta.rules import REL
from emulators.graph.service.delta.state import Position, Round
from emulators.graph.service.resources.joined import JOINED, marks

_decode = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class Page:
    """The items of a page, and where the next one begins; None after the last."""

    items: list[dict[str, Any]]
    position: Position | None


@dataclass(frozen=True, slots=True)
class _Object:
    key: int
    id: str
    body: str
    deleted: str | None
    created_seq: int


class ObjectRound:
    """Reads the pages of one round over objects of one type."""

    def __init__(self, context: Context, type_name: str, state: Round, *, minimal: bool) -> None:
        self._context = context
        self._type = type_name
        self._state = state
        self._minimal = minimal and state.since is not None
        self._tracked = state.tracked

    def page(self) -> Page:
        """The page after the round's position."""
        most = self._context.variants.delta_page_size
        found = self._objects(most + 1)
        objects, more = found[:most], len(found) > most
        changed = self._changed_names([one.key for one in objects])
        whole = {key for key, names in changed.items() if "*" in names}
        relations = Relations(
            self._context, self._tracked.relations, self._state.since, whole, [one.key for one in objects]
        )
        joined = self._joined(objects)
        items: list[dict[str, Any]] = []
        budget = self._context.variants.delta_slice_size
        for one in objects:
            if one.deleted is not None:
                items += self._removed(one, whole)
                continue
            item = self._properties(one, changed.get(one.key, set()), joined)
            items.append(item)
            budget, position = self._add_relations(one.key, item, relations, budget)
            if position is not None:
                return Page(items, position)
        end = (objects[-1].key, len(self._tracked.relations), 0) if more else None
        return Page(items, end)

    def _objects(self, most: int) -> list[_Object]:
        where, parameters = ["o.type = ?" if self._tracked.ids is None else "+o.type = ?"], [self._type]
        values: list[Any] = list(parameters)
        source = "objects o"
        if self._state.position is not None:
            key, index, _ = self._state.position
            where.append("o.key >= ?" if index < len(self._tracked.relations) else "o.key > ?")
            values.append(key)
        if self._tracked.ids is not None:
            where.append(f"o.id IN ({marks(self._tracked.ids)})")
            values += self._tracked.ids
        if self._state.since is None:
            where.append(
                "(o.deleted IS NULL OR o.deleted = 'changed')"
                if self._context.variants.delta_initial_removed
                else "o.deleted IS NULL"
            )
        else:
            source, changes = self._changed_source(self._state.since)
            values = [*changes, *values]
        sql = (
            f"SELECT o.key, o.id, o.body, o.deleted, o.created_seq FROM {source}"
            f" WHERE {' AND '.join(where)} ORDER BY o.key LIMIT ?"
        )
        return [_Object(*row) for row in self._context.db.execute(sql, (*values, most))]

    def _changed_source(self, since: int) -> tuple[str, list[Any]]:
        names = ("*", *self._tracked.properties)
        rels = [REL[name] for name in self._tracked.relations]
        source = (
            f"(SELECT key FROM property_changes WHERE seq > ? AND name IN ({marks(names)})"
            f" UNION SELECT source FROM edge_changes WHERE seq > ? AND rel IN ({marks(rels)})) c"
            " JOIN objects o ON o.key = c.key"
        )
        return source, [since, *names, since, *rels]

    def _changed_names(self, keys: Sequence[int]) -> dict[int, set[str]]:
        changed: dict[int, set[str]] = {}
        if self._state.since is not None:
            rows = self._context.db.execute(
                f"SELECT key, name FROM property_changes WHERE seq > ? AND key IN ({marks(keys)})",
                (self._state.since, *keys),
            )
            for key, name in rows:
                changed.setdefault(key, set()).add(name)
        return changed

    def _joined(self, objects: Sequence[_Object]) -> dict[str, Any]:
        keys = [one.key for one in objects]
        names = [name for name in self._tracked.properties if (self._type, name) in JOINED]
        return {name: JOINED[self._type, name](self._context.db, keys) for name in names}

    def _removed(self, one: _Object, whole: set[int]) -> list[dict[str, Any]]:
        """What came and went for good between two calls is never mentioned."""
        since = self._state.since
        if since is not None and (one.key not in whole or (one.deleted == "deleted" and one.created_seq > since)):
            return []
        return [{"id": one.id, "@removed": {"reason": one.deleted}}]

    def _properties(self, one: _Object, changed: set[str], joined: dict[str, Any]) -> dict[str, Any]:
        body = _decode(one.body)
        item: dict[str, Any] = {"id": one.id}
        for name in self._tracked.properties:
            if self._minimal and name not in changed and "*" not in changed:
                continue
            if name in joined:
                if one.key in joined[name] or name in changed:
                    item[name] = joined[name].get(one.key, [])
            elif name in body:
                item[name] = body[name]
        return item

    def _add_relations(
        self, key: int, item: dict[str, Any], relations: Relations, budget: int
    ) -> tuple[int, Position | None]:
        """Add relationship rows while the page has room. What is left of it, and where to go on if it was too little."""
        first, after = 0, 0
        if self._state.position is not None and self._state.position[0] == key:
            _, first, after = self._state.position
        for index, name in enumerate(self._tracked.relations):
            if index < first:
                continue
            rows = relations.rows(key, name, after if index == first else 0, budget + 1)
            shown = rows[:budget]
            if shown:
                item[f"{name}@delta"] = [row.item() for row in shown]
            if len(rows) > budget:
                reached = shown[-1].key if shown else (after if index == first else 0)
                return 0, (key, index, reached)
            budget -= len(shown)
        return budget, None
