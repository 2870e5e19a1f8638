"""Everything that one principal holds."""

from __future__ import annotations

import msgspec

from connector.query.find import find_principal
from connector.query.holdings import Holding, holdings
from connector.query.snapshot import Snapshot
from connector.query.subjects import Subject


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """What ``principal`` holds: sorted by kind of resource, resource and entitlement, direct before inherited."""

    principal: Subject
    direct: int
    inherited: int
    holdings: tuple[Holding, ...]


def access(snapshot: Snapshot, principal: str) -> Access:
    """What the account, group or service principal that ``principal`` names holds, directly or through groups.

    Raises:
        NotFound, Ambiguous: as :func:`connector.query.find.find`.
    """
    subject = find_principal(snapshot, principal)
    held = holdings(snapshot, "principal_id = $principal", {"principal": subject.id})
    inherited = sum(holding.inherited for holding in held)
    return Access(principal=subject, direct=len(held) - inherited, inherited=inherited, holdings=tuple(held))
