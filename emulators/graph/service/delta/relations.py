"""The relationship rows of a delta page: ``members@delta``, ``owners@delta``, ``manager@delta``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from emulators.graph.service.context import Context
from emulators.graph.service.delta.rules import REL
from emulators.graph.service.resources.joined import marks

_VISIBLE = "(t.type <> 'servicePrincipal' OR ?)"


@dataclass(frozen=True, slots=True)
class Related:
    """One row: key, type and id of the target; whether the relationship ended."""

    key: int
    type: str
    id: str
    removed: bool

    def item(self) -> dict[str, Any]:
        """As Graph shows it; the reason is ``deleted`` whatever ended it."""
        item: dict[str, Any] = {"@odata.type": f"#microsoft.graph.{self.type}", "id": self.id}
        return item | {"@removed": {"reason": "deleted"}} if self.removed else item


class Relations:
    """The rows of the objects on one page.

    Args:
        since: number of the change after which changes are reported; None: everything as it is.
        replayed_since: number of the change after which they are shown, which may be an earlier one.
        whole: keys of objects that are reported as they are although ``since`` is given: they are new or restored.
        keys: keys of the objects on the page.
    """

    def __init__(
        self,
        context: Context,
        relations: Sequence[str],
        *,
        since: int | None,
        replayed_since: int,
        whole: set[int],
        keys: Sequence[int],
    ) -> None:
        self._context = context
        self._since = since
        self._replayed_since = replayed_since
        self._whole = whole
        self._changed: dict[tuple[int, int], list[Related]] = defaultdict(list)
        if since is not None:
            for name in relations:
                self._load(REL[name], since, keys)

    def rows(self, key: int, relation: str, after: int, most: int) -> list[Related]:
        """Up to ``most`` rows of one object, those of targets above ``after``."""
        rel = REL[relation]
        if self._since is None or key in self._whole:
            return self._current(rel, key, after, most)
        return [row for row in self._changed.get((rel, key), ()) if row.key > after][:most]

    def _current(self, rel: int, key: int, after: int, most: int) -> list[Related]:
        rows = self._context.db.execute(
            "SELECT t.key, t.type, t.id FROM edges e JOIN objects t ON t.key = e.target AND t.deleted IS NULL"
            f" WHERE e.rel = ? AND e.source = ? AND e.target > ? AND {_VISIBLE} ORDER BY e.target LIMIT ?",
            (rel, key, after, self._context.variants.delta_includes_service_principals, most),
        )
        return [Related(target, kind, identifier, removed=False) for target, kind, identifier in rows]

    def _load(self, rel: int, since: int, keys: Sequence[int]) -> None:
        """What changed, once per target: the first change tells how it was, the edges tell how it is."""
        rows = self._context.db.execute(
            "SELECT c.source, t.key, t.type, t.id, t.deleted, e.target IS NOT NULL, c.op, c.seq FROM edge_changes c"
            " JOIN objects t ON t.key = c.target"
            " LEFT JOIN edges e ON e.rel = c.rel AND e.source = c.source AND e.target = c.target"
            f" WHERE c.rel = ? AND c.seq > ? AND c.source IN ({marks(keys)}) AND {_VISIBLE}"
            " ORDER BY c.source, c.target, c.seq",
            (rel, self._replayed_since, *keys, self._context.variants.delta_includes_service_principals),
        )
        purged = self._context.variants.delta_reports_purged_members
        for (source, key, kind, identifier, deleted, present), changes in groupby(
            rows, key=itemgetter(0, 1, 2, 3, 4, 5)
        ):
            # Where all changes are older than the last call, they are replayed: how it is now is told once more.
            first = next((op for *_, op, seq in changes if seq > since), "add" if present else "remove")
            if present and not deleted:
                self._changed[rel, source].append(Related(key, kind, identifier, removed=False))
            elif not present and first == "remove" and (deleted != "deleted" or purged):
                self._changed[rel, source].append(Related(key, kind, identifier, removed=True))
