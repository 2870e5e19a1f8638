"""The longest way by which somebody has something through groups."""

from __future__ import annotations

import msgspec

from connector.query.holdings import Holding, holdings
from connector.query.snapshot import Snapshot


class DeepestNesting(msgspec.Struct, frozen=True, kw_only=True):
    """One of the holdings with the longest path; None where nothing is inherited."""

    holding: Holding | None

    @property
    def sentence(self) -> str:
        """The answer for people, in one line."""
        if self.holding is None:
            return "Nothing is inherited through groups."
        groups = len(self.holding.path)
        return f"The longest way leads through {groups:,} group{'s' if groups != 1 else ''}: {self.holding.route}."


class _Deepest(msgspec.Struct, frozen=True):
    grant_id: str
    principal_id: str
    entitlement_id: str


def deepest_nesting(snapshot: Snapshot) -> DeepestNesting:
    """A longest path of inherited grants: an account's if there is one, otherwise the first by id."""
    found = snapshot.rows(
        _Deepest,
        "SELECT grant_id, principal_id, entitlement_id FROM inherited_grants "
        "ORDER BY depth DESC, principal_kind, principal_id, grant_id LIMIT 1",
    )
    if not found:
        return DeepestNesting(holding=None)
    [deepest] = found
    held = holdings(
        snapshot,
        "principal_id = $principal AND entitlement_id = $entitlement",
        {"principal": deepest.principal_id, "entitlement": deepest.entitlement_id},
    )
    return DeepestNesting(holding=next(one for one in held if one.inherited and one.grant_id == deepest.grant_id))
