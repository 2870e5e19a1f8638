"""Guests in groups to which directory roles may be assigned."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from connector.query.holdings import Holding, holdings
from connector.query.snapshot import Snapshot


class PrivilegedGuests(msgspec.Struct, frozen=True, kw_only=True):
    """Memberships and ownerships of guests in role-assignable groups, direct and inherited."""

    holdings: tuple[Holding, ...]

    @property
    def sentence(self) -> str:
        """The answer for people, in one line."""
        if not self.holdings:
            return "No guest belongs to a role-assignable group."
        guests = {holding.principal.id: holding.principal.title for holding in self.holdings}
        groups = {holding.resource.id: holding.resource.title for holding in self.holdings}
        belong = "guest belongs" if len(guests) == 1 else "guests belong"
        return (
            f"{len(guests):,} {belong} to role-assignable groups: {_first(guests.values())} "
            f"({'in' if len(groups) == 1 else f'in {len(groups):,} groups:'} {_first(groups.values())})."
        )


def _first(names: Iterable[str], most: int = 3) -> str:
    ordered = sorted(names)
    return ", ".join(ordered[:most]) + (" …" if len(ordered) > most else "")


def privileged_guests(snapshot: Snapshot) -> PrivilegedGuests:
    """Guests that are members or owners of role-assignable groups."""
    held = holdings(
        snapshot,
        "resource_kind = 'group' AND resource_id IN (SELECT id FROM groups WHERE is_assignable_to_role) "
        "AND principal_id IN (SELECT id FROM accounts WHERE user_type = 'Guest')",
        {},
    )
    return PrivilegedGuests(holdings=tuple(held))
