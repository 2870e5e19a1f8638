"""Which changes somebody wants to see."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from connector.access.tables import ENTITLEMENTS, GRANTS, INHERITED_GRANTS
from connector.query.errors import NotFound
from connector.query.find import find_principal
from connector.query.snapshot import Snapshot
from connector.query.subjects import PRINCIPALS, Subject
from connector.query.telling import ToldChange

_HELD = (GRANTS.name, INHERITED_GRANTS.name)


class Selection:
    """Chooses among changes, and counts what it hides.

    Args:
        kinds: ``grant`` or kinds of subjects; a kind of resource includes what is held on it. Empty: all.
        principal: whoever this names. One that the state does not have any more is known by what the changes call it.
        inherited: whether to show what only follows from other changes.

    Raises:
        Ambiguous: several principals are called ``principal``.
    """

    def __init__(
        self, snapshot: Snapshot, *, kinds: Collection[str] = (), principal: str | None = None, inherited: bool = False
    ) -> None:
        self._kinds, self._inherited = frozenset(kinds), inherited
        self._text, self._id = (principal or "").strip().lower(), ""
        self._missing: NotFound | None = None
        self._met = False
        self.hidden = 0
        """Changes that were left out because they only follow."""
        if principal is not None:
            try:
                self._id = find_principal(snapshot, principal).id
            except NotFound as error:
                self._missing = error

    def wants(self, change: ToldChange) -> bool:
        """Whether to show ``change``."""
        if self._text and not self._is_principal(change.subject):
            return False
        self._met = True
        if self._kinds and self._kinds.isdisjoint(_kinds(change)):
            return False
        if change.follows and not self._inherited:
            self.hidden += 1
            return False
        return True

    def check(self) -> None:
        """When all changes were seen.

        Raises:
            NotFound: neither the state nor any change knows the principal.
        """
        if self._missing is not None and not self._met:
            raise self._missing

    def _is_principal(self, subject: Subject) -> bool:
        if self._id:
            return subject.id == self._id
        return subject.kind in PRINCIPALS and self._text in (
            subject.id.lower(),
            (subject.name or "").lower(),
            (subject.detail or "").lower(),
        )


def _kinds(change: ToldChange) -> Iterator[str]:
    if change.table in _HELD:
        yield "grant"
    else:
        yield change.subject.kind
    if change.resource is not None and change.table != ENTITLEMENTS.name:
        yield change.resource.kind
