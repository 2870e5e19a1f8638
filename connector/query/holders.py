"""Everyone who holds a resource, by entitlement, or one entitlement."""

from __future__ import annotations

import msgspec

from connector.query.find import find_held
from connector.query.holdings import Holding, holdings
from connector.query.snapshot import Snapshot
from connector.query.subjects import Subject


class HeldEntitlement(msgspec.Struct, frozen=True, kw_only=True):
    """One entitlement and how many grants and inherited grants there are of it. ``enabled`` is None where it does not apply."""

    id: str
    name: str | None
    enabled: bool | None
    direct: int
    inherited: int


class Holders(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds ``subject``. ``principals`` counts each of them once, however many ways they hold it."""

    subject: Subject
    principals: int
    entitlements: tuple[HeldEntitlement, ...]
    holdings: tuple[Holding, ...]


_ENTITLEMENTS = """
SELECT id, display_name AS name, enabled,
    (SELECT count(*) FROM grants WHERE entitlement_id = entitlements.id) AS direct,
    (SELECT count(*) FROM inherited_grants WHERE entitlement_id = entitlements.id) AS inherited
FROM entitlements WHERE {condition} ORDER BY lower(name), id
"""


def holders(snapshot: Snapshot, text: str) -> Holders:
    """Who holds the resource or the entitlement that ``text`` names, directly or through groups.

    Raises:
        NotFound, Ambiguous: as :func:`connector.query.find.find`.
    """
    subject = find_held(snapshot, text)
    if subject.kind == "entitlement":
        of_entitlements, of_grants, parameters = "id = $id", "entitlement_id = $id", {"id": subject.id}
    else:
        of_entitlements = of_grants = "resource_kind = $kind AND resource_id = $id"
        parameters = {"kind": subject.kind, "id": subject.id}
    held = holdings(snapshot, of_grants, parameters)
    return Holders(
        subject=subject,
        principals=len({holding.principal.id for holding in held}),
        entitlements=tuple(snapshot.rows(HeldEntitlement, _ENTITLEMENTS.format(condition=of_entitlements), parameters)),
        holdings=tuple(held),
    )
