"""Which users and groups changed since a point of the tenant's sequence, as change notifications tell it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

_OBJECTS = (
    "SELECT o.id, o.type, max(p.name = '*' AND o.deleted IS 'deleted') FROM property_changes p"
    " JOIN objects o ON o.key = p.key WHERE p.seq > ? AND o.type IN ('user', 'group') AND p.name <> 'appRoleAssignments'"
    " GROUP BY o.key ORDER BY min(p.seq)"
)
_EDGES = (
    "SELECT g.id, c.rel, m.id, c.op, c.cause FROM edge_changes c"
    " JOIN objects g ON g.key = c.source AND g.type = 'group' AND g.deleted IS NOT 'deleted'"
    " JOIN objects m ON m.key = c.target WHERE c.rel IN (1, 2) AND c.seq > ? ORDER BY c.seq"
)
_RELATIONS = {1: "members", 2: "owners"}


@dataclass(slots=True)
class Change:
    """One object that changed.

    Attributes:
        type: ``user`` or ``group``.
        id: its id.
        deleted: it was deleted for good; everything else, restorable deletion included, is an update.
        relations: what joined and left: name of the relationship -> (id, whether it left).
    """

    type: str
    id: str
    deleted: bool = False
    relations: dict[str, list[tuple[str, bool]]] = field(default_factory=dict)

    @property
    def change_type(self) -> str:
        """``updated`` or ``deleted``."""
        return "deleted" if self.deleted else "updated"


def changes_since(db: sqlite3.Connection, seq: int, *, purged_members: bool) -> list[Change]:
    """Every changed object once, in the order of the first change.

    Args:
        db: the tenant's tables; the caller holds the lock.
        seq: number of the last change that is known.
        purged_members: whether a group changes when one of its members is deleted for good.
    """
    found = {id_: Change(type_, id_, bool(gone)) for id_, type_, gone in db.execute(_OBJECTS, (seq,))}
    for group, rel, member, op, cause in db.execute(_EDGES, (seq,)):
        if cause == "purge" and not purged_members:
            continue
        change = found.setdefault(group, Change("group", group))
        change.relations.setdefault(_RELATIONS[rel], []).append((member, op == "remove"))
    return list(found.values())
