"""Names for what changes speak of by id: from the state in force, and from the changes themselves for what is gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from connector.access.tables import (
    ACCOUNTS,
    DIRECTORY_ROLES,
    ENTERPRISE_APPLICATIONS,
    ENTITLEMENTS,
    GROUPS,
    LICENSES,
    Table,
)
from connector.journal.feed import FeedChange
from connector.query.snapshot import Snapshot
from connector.query.subjects import SUBJECTS_SQL, Subject

NAMED_IN: Final[tuple[Table, ...]] = (
    ACCOUNTS,
    GROUPS,
    ENTERPRISE_APPLICATIONS,
    DIRECTORY_ROLES,
    LICENSES,
    ENTITLEMENTS,
)
"""The tables that names come from."""

_COLUMNS: Final[Mapping[str, tuple[str, str, str | None]]] = {
    ACCOUNTS.name: ("account", "display_name", "user_principal_name"),
    GROUPS.name: ("group", "display_name", "mail"),
    ENTERPRISE_APPLICATIONS.name: ("enterprise_application", "display_name", "app_id"),
    DIRECTORY_ROLES.name: ("directory_role", "display_name", "template_id"),
    LICENSES.name: ("license", "sku_part_number", None),
    ENTITLEMENTS.name: ("entitlement", "display_name", None),
}
"""Of each table that names something: its kind, and the columns of its name and its detail."""

_FIND = f"""
WITH subjects AS ({SUBJECTS_SQL} UNION ALL SELECT 'entitlement', id, display_name, NULL, NULL FROM entitlements)
SELECT kind, id, name, detail FROM subjects WHERE id IN (SELECT unnest($ids))
"""  # noqa: S608 - made of constants


class Names:
    """Who or what an id is. ``snapshot`` must have the tables of :data:`NAMED_IN`."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._known: dict[str, Subject] = {}

    def learn(self, changes: Sequence[FeedChange]) -> None:
        """Be able to name everything that ``changes`` speak of; to be called before they are told."""
        wanted = {one for change in changes for one in _mentioned(change)} - self._known.keys()
        for subject in self._snapshot.rows(Subject, _FIND, {"ids": sorted(wanted)}) if wanted else ():
            self._known[subject.id] = subject
        for own in map(own_subject, changes):
            if own is not None:
                self._known[own.id] = own

    def subject(self, kind: str, identifier: str) -> Subject:
        """What ``identifier`` is, without a name where nothing knows it. ``kind``: as of a subject or of a principal."""
        kind = "enterprise_application" if kind == "service_principal" else kind
        return self._known.get(identifier) or Subject(kind=kind, id=identifier)


def own_subject(change: FeedChange) -> Subject | None:
    """The account, resource or entitlement whose own row changed, named as it is now or, if it is gone, was."""
    if change.table not in _COLUMNS:
        return None
    kind, name, detail = _COLUMNS[change.table]
    row: Mapping[str, Any] = change.after or change.before or {}
    return Subject(kind=kind, id=change.key[0], name=row.get(name), detail=row.get(detail) if detail else None)


def _mentioned(change: FeedChange) -> Iterator[str]:
    row: Mapping[str, Any] = change.after or change.before or {}
    for column in ("id", "principal_id", "resource_id", "entitlement_id", "via_group_id"):
        if row.get(column):
            yield row[column]
    yield from row.get("path") or ()
