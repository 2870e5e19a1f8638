"""Who is Global Administrator, and how."""

from __future__ import annotations

from collections import Counter
from typing import Final

import msgspec

from connector.query.holdings import Holding, holdings
from connector.query.snapshot import Snapshot

GLOBAL_ADMINISTRATOR: Final = "62e90394-69f5-4237-9190-012177145e10"
"""Template id of the role, the same in every tenant (Microsoft Entra built-in roles)."""


class GlobalAdministrators(msgspec.Struct, frozen=True, kw_only=True):
    """Every way in which an account or service principal is, or may become, Global Administrator. Groups are in the paths."""

    holdings: tuple[Holding, ...]

    @property
    def sentence(self) -> str:
        """The answer for people, in one line."""
        active = [holding for holding in self.holdings if holding.slug == "assigned"]
        names = {holding.principal.id for holding in active}
        eligible = {holding.principal.id for holding in self.holdings if holding.slug == "eligible"} - names
        direct = {holding.principal.id for holding in active if not holding.inherited}
        groups = Counter(
            holding.path[-1].title for holding in active if holding.inherited and holding.principal.id not in direct
        )
        ways = [f"{len(direct):,} directly"] if direct else []
        ways += [f"{count:,} through {group}" for group, count in sorted(groups.items())]
        told = f"Global Administrators: {len(names):,}" + (f" ({', '.join(ways)})" if ways else "")
        return f"{told}, and {len(eligible):,} more could activate it."


def global_administrators(snapshot: Snapshot) -> GlobalAdministrators:
    """Who is Global Administrator, active or eligible, directly or through groups."""
    held = holdings(
        snapshot,
        "resource_kind = 'directory_role' AND principal_kind <> 'group' AND resource_id IN "
        "(SELECT id FROM directory_roles WHERE template_id = $role OR id = $role)",
        {"role": GLOBAL_ADMINISTRATOR},
    )
    return GlobalAdministrators(holdings=tuple(held))
