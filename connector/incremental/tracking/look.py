"""What everything that reads in one round has in common."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connector.graph.session import GraphSession
from connector.incremental.facts import Known
from connector.settings import Settings
from connector.storage.records import Cursor

_MARGIN = timedelta(minutes=5)
"""How far apart the clocks of Graph's servers may be. An assumption, and a generous one: five minutes is what Kerberos allows."""

_TELL_RELATIONS = ("users", "groups")
"""Kinds whose chains tell of managers, memberships and owners."""


@dataclass(frozen=True, slots=True)
class Look:
    """One round's look at Graph.

    Attributes:
        tracked_since: by Graph's clock; every relation that was made later has been told by delta. None: not known.
        heard_at: Graph's clock when the chain that is being read ended. None: not known.
    """

    session: GraphSession
    settings: Settings
    known: Known
    tracked_since: datetime | None
    heard_at: datetime | None = None

    def rows(self, table: str, ids: Collection[str], column: str = "id") -> list[dict[str, Any]]:
        """What is known in ``table`` of ``ids``."""
        return self.known.rows(table, column, sorted(ids)) if ids else []

    def by_id(self, table: str, ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """What is known of objects, by id."""
        return {row["id"]: row for row in self.rows(table, ids)}

    def with_untold_relations(self, newcomers: Mapping[str, str | None]) -> list[str]:
        """Those of ``newcomers`` (with the time at which each was created) whose relations delta may not have told.

        Graph does not tell the relations of what is restored. Whoever was created while relations were being tracked has none
        that are older, so delta has told all of them, and they are known: unless the newcomer was removed since, because
        then they were dropped, and a tombstone says so.
        """
        removed = {row["id"] for row in self.rows("tombstones", newcomers.keys())}
        return [id_ for id_, created in newcomers.items() if id_ in removed or not self._tracked(created)]

    def _tracked(self, created: str | None) -> bool:
        try:
            at = datetime.fromisoformat(created) if isinstance(created, str) else None
        except ValueError:
            return False
        if at is None or at.tzinfo is None or self.tracked_since is None or self.heard_at is None:
            return False
        # What is said to be created in the future proves nothing but that two clocks cannot be compared.
        return self.tracked_since + _MARGIN < at < self.heard_at + _MARGIN


def tracked_since(cursors: Mapping[str, Cursor]) -> datetime | None:
    """From when on delta has told of every relation, by Graph's clock; None where that is not known."""
    since = [cursors[kind].followed_since if kind in cursors else None for kind in _TELL_RELATIONS]
    if "appRoleAssignments" in cursors:
        since.append(cursors["appRoleAssignments"].followed_since)
    known = [one for one in since if one is not None]
    return max(known) if len(known) == len(since) else None
