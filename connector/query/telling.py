"""Changes for people: who gained or lost what, through what, and what differs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from connector.access.tables import ENTERPRISE_APPLICATIONS, GRANTS, GROUPS, INHERITED_GRANTS
from connector.journal.feed import FeedChange
from connector.query.names import Names, own_subject
from connector.query.subjects import Subject
from connector.storage.records import Cause


class Event(StrEnum):
    """``gained`` and ``lost`` are told of grants, ``appeared`` and ``gone`` of everything else; ``changed`` of both."""

    GAINED = "gained"
    LOST = "lost"
    APPEARED = "appeared"
    GONE = "gone"
    CHANGED = "changed"


class ToldChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One change of the journal with names.

    Attributes:
        subject: the principal of a grant; otherwise what the row is about.
        resource: what is held, or what an entitlement is on; None for others.
        entitlement: name of the entitlement that is held, or its slug.
        through: the groups on the way from the principal to the resource, in the order in which access flows.
        differs: where a row changed, value before and after by column.
        follows: whether it only follows from other changes: an inherited grant, or a count.
        operations: ids of the operations of ours that it comes from; left out where there are none.
    """

    sequence: int
    seen_at: datetime
    cause: Cause
    event: Event
    subject: Subject
    resource: Subject | None
    entitlement: str | None
    through: tuple[Subject, ...]
    differs: dict[str, tuple[Any, Any]]
    follows: bool
    table: str
    key: tuple[str, ...]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    operations: tuple[str, ...] = ()

    @property
    def row(self) -> dict[str, Any]:
        """The row as it is now or, if it is gone, was."""
        return self.after or self.before or {}


_HELD: Final = (GRANTS.name, INHERITED_GRANTS.name)
_COUNTS: Final = {
    GROUPS.name: {name for name in GROUPS.column_names if name.endswith("_members")},
    ENTERPRISE_APPLICATIONS.name: {"assignments"},
}


def tell(change: FeedChange, names: Names) -> ToldChange:
    """``change`` with names, which must have been learned from it."""
    held = change.table in _HELD
    row = change.after or change.before or {}
    subject = names.subject(row["principal_kind"], row["principal_id"]) if held else own_subject(change)
    resource, entitlement = None, None
    if held or change.table == "entitlements":
        resource = names.subject(row.get("resource_kind") or "", row.get("resource_id") or "")
    if held:
        named = names.subject("entitlement", row["entitlement_id"])
        entitlement = named.name or named.id.rpartition(":")[2]
    differs = _differs(change)
    return ToldChange(
        sequence=change.sequence,
        seen_at=change.seen_at,
        cause=change.cause,
        event=_event(change, held=held),
        subject=subject or Subject(kind=change.table, id=" ".join(change.key)),
        resource=resource,
        entitlement=entitlement,
        through=tuple(names.subject("group", group) for group in _through(row)),
        differs=differs,
        follows=change.table == INHERITED_GRANTS.name or _only_counts(change.table, differs),
        table=change.table,
        key=change.key,
        before=change.before,
        after=change.after,
        operations=change.operations,
    )


def _event(change: FeedChange, *, held: bool) -> Event:
    if change.before is None:
        return Event.GAINED if held else Event.APPEARED
    if change.after is None:
        return Event.LOST if held else Event.GONE
    return Event.CHANGED


def _only_counts(table: str, differs: dict[str, tuple[Any, Any]]) -> bool:
    return bool(differs) and differs.keys() <= _COUNTS.get(table, set())


def _through(row: dict[str, Any]) -> list[str]:
    via = row.get("via_group_id")
    return row.get("path") or ([via] if via else [])


def _differs(change: FeedChange) -> dict[str, tuple[Any, Any]]:
    if change.before is None or change.after is None:
        return {}
    before, after = change.before, change.after
    columns = [*after, *(name for name in before if name not in after)]
    return {name: (before.get(name), after.get(name)) for name in columns if before.get(name) != after.get(name)}
